// The instruments called by hand, while no run uses them: what each is, whether it is open, and a form for each of its methods.

import { get, post } from "./api.js";
import { fill, h, icon, newId, setText, show } from "./dom.js";
import { question } from "./question.js";
import { on, state } from "./state.js";
import { t } from "./text.js";
import { toastError } from "./toast.js";

/** Milliseconds between two looks: what is watched is read again every second. */
const LOOK = 1000;
/** States in which a run has the instruments. */
const BUSY = ["starting", "running", "stopping", "retrying"];

const parts = { cards: new Map() };

export function instrumentsPage() {
  parts.cards = new Map();
  parts.list = h("div", { class: "instruments" });
  parts.note = h("p", { class: "empty muted", role: "status" });
  parts.hint = h("p", { class: "muted" }, t("instruments.hint"));
  parts.watched = null;
  const page = h("main", { id: "main", tabIndex: -1, class: "history-page instruments-page" }, h("header", { class: "page-head" }, h("h1", {}, t("nav.instruments"))), parts.hint, parts.note, parts.list);
  parts.load = question(parts.list, {
    ask: (signal) => get("/api/instruments", {}, signal),
    answered: render,
    failed(text) {
      show(parts.list, false);
      show(parts.hint, false);
      setText(parts.note, text);
    },
  });
  look();
  const timer = setInterval(() => {
    if (!page.isConnected) clearInterval(timer);
    else if (parts.watched) look();
  }, LOOK);
  return page;
}

// A run takes the instruments, and gives them back; another sequence has others.
on("session", (changed) => {
  if (parts.list?.isConnected && ("state" in changed || "choice" in changed)) look();
});

/** Asks what there is, unless a run has it. */
function look() {
  if (!BUSY.includes(state.session.state)) return parts.load();
  parts.watched = null;
  show(parts.list, false);
  show(parts.hint, false);
  setText(parts.note, t("instruments.busy"));
}

function render({ instruments, watched }) {
  parts.watched = watched;
  show(parts.list, true);
  show(parts.hint, instruments.length);
  setText(parts.note, instruments.length ? "" : t("instruments.none"));
  const known = new Set(instruments.map((one) => one.name));
  for (const [name, card] of parts.cards) {
    if (known.has(name)) continue;
    card.element.remove();
    parts.cards.delete(name);
  }
  for (const one of instruments) {
    let card = parts.cards.get(one.name);
    if (!card) {
      parts.cards.set(one.name, (card = new InstrumentCard(one)));
      parts.list.append(card.element);
    }
    card.render(one, watched?.name === one.name ? watched : null);
  }
}

/** Does what a button asks for; what goes wrong is told beside it, and the page shows how things are then. */
async function act(path, body) {
  if (BUSY.includes(state.session.state)) return null;
  try {
    return await post(path, body);
  } finally {
    look();
  }
}

/** One driver. What is typed into its forms stays while its state changes. */
class InstrumentCard {
  constructor({ name, use, kept, members }) {
    this.name = name;
    this.kept = kept;
    this.state = h("span", { class: "chip" });
    this.facts = h("dl", { class: "facts" });
    this.button = h("button", { type: "button", class: "button small", onclick: () => this.toggle() });
    this.members = new Map(members.map((member) => [member.name, new MemberForm(this, member)]));
    const forms = [...this.members.values()].map((form) => form.element);
    this.element = h(
      "section",
      { class: "card instrument", data: { instrument: name } },
      h("div", { class: "instrument-head" }, h("h2", {}, name), this.state, h("span", { class: "spacer" }), kept ? null : this.button),
      h("p", { class: "muted instrument-use" }, use),
      this.facts,
      kept ? h("p", { class: "muted" }, t("instruments.kept")) : h("div", { class: "members" }, forms),
    );
  }

  address(what) {
    return `/api/instruments/${encodeURIComponent(this.name)}/${what}`;
  }

  toggle() {
    act(this.address(this.open ? "close" : "open"), {}).catch(toastError);
  }

  render({ open, identity, calibration_due: due }, watched) {
    this.open = open;
    show(this.state, !this.kept);
    setText(this.state, t(open ? "instruments.open" : "instruments.closed"));
    this.state.classList.toggle("is-passed", open);
    setText(this.button, t(open ? "instruments.do_close" : "instruments.do_open"));
    const facts = [["identity", identity], ["calibration", due]].filter(([, value]) => value);
    fill(this.facts, facts.map(([label, value]) => [h("dt", {}, t(`instruments.${label}`)), h("dd", {}, value)]));
    show(this.facts, facts.length);
    for (const [name, form] of this.members) form.follow(watched?.member === name ? watched : null);
  }
}

/** The form of one method; a property has no fields. */
class MemberForm {
  constructor(card, { name, is_property: isProperty, said, arguments: fields }) {
    this.card = card;
    this.name = name;
    this.fields = fields.map((field) => [field.name, h("input", { id: newId("argument"), type: "text", autocomplete: "off", spellcheck: false, required: field.required })]);
    this.output = h("output", { class: "member-output pre" });
    this.again = h("button", { type: "button", class: "button small", aria: { pressed: "false" }, onclick: () => this.watch() }, t("instruments.again"));
    const call = h("button", { type: "submit", class: "button small" }, icon(isProperty ? "refresh" : "play"), t(isProperty ? "instruments.read" : "instruments.call"));
    const submit = (event) => {
      event.preventDefault();
      this.call();
    };
    this.element = h(
      "form",
      { class: "member", data: { member: name }, onsubmit: submit, aria: { label: name ? `${card.name}.${name}` : card.name } },
      h("div", { class: "member-name" }, h("code", {}, name || card.name), said ? h("span", { class: "muted" }, said) : null),
      this.fields.map(([label, input]) => h("div", { class: "field" }, h("label", { htmlFor: input.id }, label), input)),
      h("div", { class: "button-row" }, call, name ? this.again : null),
      this.output,
    );
  }

  given() {
    return Object.fromEntries(this.fields.filter(([, input]) => input.value !== "").map(([name, input]) => [name, input.value]));
  }

  async call() {
    await this.put("call", (answer) => answer && this.tell(written(answer.value), answer.error));
  }

  async watch() {
    if (this.watching) await this.put("watch", () => {}, {});
    else if (this.element.reportValidity()) await this.put("watch", () => {});
  }

  async put(what, done, body = { member: this.name, given: this.given() }) {
    try {
      done(await act(this.card.address(what), body));
    } catch (error) {
      this.tell(null, error.message);
    }
  }

  /** Shows what is read again every second, or that nothing is. */
  follow(watched) {
    this.watching = watched !== null;
    this.again.setAttribute("aria-pressed", String(this.watching));
    if (watched) this.tell(watched.error ? null : written(watched.value), watched.error);
  }

  tell(value, problem) {
    setText(this.output, problem ?? value);
    this.output.classList.toggle("is-problem", problem !== null);
  }
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
