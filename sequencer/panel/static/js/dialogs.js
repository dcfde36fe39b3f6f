// Questions to the operator, on whatever page somebody is. The first answer counts; the others see whose it was.

import { ApiError, post } from "./api.js";
import { AnswerField } from "./answer_field.js";
import { fill, h, icon, memory, newId, setText } from "./dom.js";
import { looks } from "./looks.js";
import { modal, rest, whenAlone } from "./modal.js";
import { reasonText } from "./reason.js";
import { slotLine } from "./slot_line.js";
import { lastAttempt, now, on, openDialogs, state } from "./state.js";
import { duration, t } from "./text.js";
import { play } from "./sound.js";
import { mayStop } from "./stop_run.js";
import { toast } from "./toast.js";

let shown = null;

on("case", (name) => (shown || lastAttempt(state.cases.get(name))?.dialogs.length) && update());
on("slots", (changed) => (shown || Object.values(changed).some((slot) => slot.dialogs?.length)) && update());
on("snapshot", update);
on("begin", update);
on("verdict", update);

function update() {
  const [wanted] = openDialogs();
  if (shown && (!wanted || !isSame(wanted, shown.asked))) {
    const closed = shown;
    shown = null;
    closed.away();
  }
  if (wanted && !shown) {
    shown = new Question(wanted);
    play("question");
  }
}

/** Ids are those of a run: another slot's, or the slot's next one, may have the same. */
function isSame(one, other) {
  return one.id === other.id && one.asked === other.asked && one.slot?.name === other.slot?.name;
}

/** Whether a question waits for an answer now. */
export function isAsking() {
  return shown !== null;
}

/** The letter of a key; on a keyboard with other letters that of its place. */
function latin({ key, code }) {
  return /^[\x21-\x7e]$/.test(key) ? key.toLowerCase() : key.length === 1 && code.startsWith("Key") ? code.slice(3).toLowerCase() : "";
}

class Question {
  constructor(asked) {
    this.asked = asked;
    this.dialog = asked.dialog;
    this.page = 0;
    this.mine = false;
    this.fields = this.dialog.fields.map((field) => new AnswerField(field));
    const title = newId("dialog");
    this.problem = h("p", { class: "field-problem", role: "alert" });
    this.body = h("div", { class: "dialog-body" });
    this.buttons = h("div", { class: "dialog-buttons" });
    this.clock = h("span", { class: "dialog-clock number", title: t("dialog.time") });
    this.form = h(
      "form",
      { class: "dialog-form", autocomplete: "off", noValidate: true, onsubmit: (event) => this.submit(event), onkeydown: (event) => this.entered(event) },
      h(
        "div",
        { class: "dialog-head" },
        icon("question"),
        h("h2", { id: title }, this.dialog.title || t("dialog.title")),
        this.clock,
        h(
          "button",
          { type: "button", class: "icon-button dialog-close", title: t("dialog.close"), aria: { label: t("dialog.close") }, onclick: () => this.close() },
          icon("close"),
        ),
      ),
      asked.slot || state.session.slot ? slotLine(asked.slot ?? state.session.slot) : null,
      h("p", { class: "dialog-case muted" }, `${asked.case.module.name} · ${asked.case.name}`),
      this.body,
      this.problem,
      this.buttons,
    );
    this.element = modal({ class: "dialog", aria: { labelledby: title } }, this.form);
    this.element.addEventListener("keydown", (event) => this.letter(event));
    this.render();
    this.element.dispatchEvent(new Event("enter"));
    this.arrive();
    this.timer = setInterval(() => this.tick(), 500);
    this.tick();
  }

  get pages() {
    return this.dialog.type === "steps" ? this.dialog.steps : [this.dialog];
  }

  render() {
    const page = this.pages[this.page];
    const many = this.pages.length > 1;
    fill(
      this.body,
      this.dialog.type === "steps" ? looks(this.dialog, this.asked.id, -1, this.asked.slot?.name) : null,
      many ? h("p", { class: "dialog-page" }, t("dialog.page", { page: this.page + 1, pages: this.pages.length })) : null,
      many ? h("progress", { class: "dialog-progress", max: this.pages.length, value: this.page + 1, aria: { label: t("dialog.page", { page: this.page + 1, pages: this.pages.length }) } }) : null,
      this.dialog.type === "steps" && page.title ? h("h3", {}, page.title) : null,
      looks(page, this.asked.id, this.dialog.type === "steps" ? this.page : -1, this.asked.slot?.name),
      this.fields.map((field) => field.element),
    );
    const last = this.page === this.pages.length - 1;
    const said = this.dialog.buttons;
    fill(
      this.buttons,
      this.page ? h("button", { type: "button", class: "button", onclick: () => this.turn(-1) }, t("dialog.back")) : null,
      h("span", { class: "spacer" }),
      !last ? h("button", { type: "submit", class: "button primary", value: "next" }, t("dialog.next")) : null,
      last && this.dialog.pass_fail
        ? [
            h("button", { type: "submit", class: "button fail", value: "fail", "aria-keyshortcuts": "F" }, icon("failed"), said.fail || t("dialog.fail"), h("kbd", { aria: { hidden: "true" } }, "F")),
            h("button", { type: "submit", class: "button pass", value: "pass", "aria-keyshortcuts": "P" }, icon("passed"), said.pass || t("dialog.pass"), h("kbd", { aria: { hidden: "true" } }, "P")),
          ]
        : null,
      last && !this.dialog.pass_fail ? h("button", { type: "submit", class: "button primary", value: "confirm" }, said.confirm || t("dialog.confirm")) : null,
    );
  }

  /** A page appears: the second of two quick clicks was for the one before. */
  arrive() {
    rest(this.element, this.element.querySelectorAll(".dialog-close, [type=submit]"), this.buttons.querySelector(".primary"));
    if (this.fields.length) this.fields[0].focus();
    // A pass or fail must be a decision: neither button has the focus by itself.
    else if (this.dialog.pass_fail) this.element.focus();
  }

  turn(by) {
    this.page += by;
    this.render();
    this.arrive();
  }

  submit(event) {
    event.preventDefault();
    const pressed = event.submitter?.value;
    if (pressed === "next") return this.turn(1);
    this.send(pressed || "confirm");
  }

  /** Enter in a field: on to the next one that must be answered. Of Pass and Fail it means neither. */
  entered(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.matches("button, textarea")) return;
    const here = this.fields.find((field) => field.element.contains(event.target));
    const next = this.fields.find((field) => field !== here && field.isMissing());
    if (next && here && !here.isMissing()) (here.check() ? next : here).focus();
    else if (!this.dialog.pass_fail) return;
    event.preventDefault();
  }

  /** P and F are Pass and Fail, but never while somebody types or scans, nor before the buttons can be pressed. */
  letter(event) {
    const button = this.buttons.querySelector({ p: "[value=pass]", f: "[value=fail]" }[latin(event)] ?? ":not(*)");
    if (!button || button.disabled || event.target.matches("input:not([type=radio], [type=checkbox]), select, textarea")) return;
    whenAlone(event, () => {
      const covered = [...document.querySelectorAll("dialog:modal")].at(-1) !== this.element;
      if (shown === this && button.isConnected && !button.disabled && !covered) button.click();
    });
  }

  /** The cross stops the run. */
  async close() {
    if ((await mayStop(this.asked.slot)) && shown === this) this.send("close");
  }

  async send(result) {
    setText(this.problem, "");
    let value = null;
    if (result !== "close") {
      const wrong = this.fields.filter((field) => !field.check(result === "fail"));
      if (wrong.length) return wrong[0].focus();
      value = this.dialog.type === "form" ? Object.fromEntries(this.fields.map((field) => [field.name, field.value()])) : this.fields[0]?.value() ?? null;
    }
    this.mine = true;
    this.busy(true);
    try {
      await post(`/api/dialogs/${encodeURIComponent(this.asked.id)}`, { result, value, by: memory.get("operator") || "", ...(this.asked.slot ? { slot: this.asked.slot.name } : {}) });
    } catch (error) {
      this.mine = false;
      this.busy(false);
      this.complain(error);
    }
  }

  busy(busy) {
    for (const button of this.element.querySelectorAll("button")) button.disabled = busy;
  }

  complain(error) {
    const fields = error instanceof ApiError ? error.fields : [];
    for (const problem of fields) this.fields.find((field) => field.name === problem.field)?.complain(reasonText(problem.coded_reason, problem.message));
    if (!fields.length) setText(this.problem, error.message);
    else this.fields.find((field) => field.name === fields[0].field)?.focus();
  }

  tick() {
    const { timeout } = this.dialog;
    const waited = now() - this.asked.asked;
    setText(this.clock, duration(timeout ? Math.max(0, timeout - waited) : waited));
    this.clock.classList.toggle("is-urgent", Boolean(timeout) && timeout - waited < 10);
  }

  away() {
    clearInterval(this.timer);
    this.element.dispatchEvent(new Event("leave"));
    if (this.mine) return;
    const one = state.cases.get(this.asked.case.full_name);
    const answered = one?.attempts.flatMap((attempt) => attempt.dialogs).find((dialog) => dialog.id === this.asked.id);
    if (answered?.by) toast(t("dialog.answered", { by: answered.by, result: t(`dialog.result.${answered.result}`) }), "info", "told");
    else if (answered?.result === "timeout") toast(t("dialog.result.timeout"), "warning", "told");
  }
}
