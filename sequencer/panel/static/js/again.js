// "Run again": the run on display once more, for the same unit; and from the page of a stored run, its values in the form.

import { ApiError, post } from "./api.js";
import { h, icon, memory, setAria, setText, show } from "./dom.js";
import { isRunning, startable } from "./hero.js";
import { may, onPerson } from "./people.js";
import { HAS_SLOTS } from "./slot.js";
import { fillForm, showFieldProblems } from "./start_form.js";
import { isFinal, now, on, state } from "./state.js";
import { onLanguage, t } from "./text.js";
import { toast, toastError } from "./toast.js";

/** Milliseconds: the second half of a double press does not start the next run of a short test. */
const TWICE = 500;
let pressed = -TWICE;
let pending = false;
let link = null;
const button = makeButton(h("kbd", {}));

/** The button of the live page. */
export function againButton() {
  return button;
}

/** That of something else that shows the verdict; it belongs to whoever asked for it, who draws it (`renderAgain`) as well. */
export function makeButton(...more) {
  return h("button", { type: "button", class: "button again", hidden: true, onclick: () => runAgain() }, icon("refresh"), h("span", { class: "button-text" }), ...more);
}

/** Whether a run is on display that whoever sits here may repeat, and a stand that does so. A panel that was restarted shows none. */
function isThere() {
  const { run, session } = state;
  // Whoever may not choose cases may not repeat a choice of cases, and must not take another run for the same.
  return Boolean(session.can_start && run?.id && isFinal(run.status) && !isRunning() && may(run.selection ? "engineer" : "operator"));
}

/** Whether a press would start now. */
export function repeatable() {
  return isThere() && startable() && !pending;
}

/** Starts a run with all parameters of the one on display; whether they still can be used is the panel's decision. */
export async function runAgain() {
  if (!repeatable() || performance.now() - pressed < TWICE) return;
  pressed = performance.now();
  const { params, selection } = state.run;
  pending = true;
  renderAgain();
  try {
    await post("/api/start", { params, only: selection, asked: now(), user: memory.get("operator") || null });
  } catch (error) {
    if (error instanceof ApiError && error.fields.length) showFieldProblems(error.fields);
    else toastError(error, "start");
  } finally {
    pending = false;
    renderAgain();
  }
}

/** Draws every button of this kind, and the link. */
export function renderAgain() {
  for (const one of [button, ...document.querySelectorAll("dialog .again")]) {
    show(one, isThere());
    // A dialog that just appeared takes nothing for a moment.
    one.disabled = !repeatable() || Boolean(one.closest("dialog")?.matches(".is-resting"));
    setText(one.querySelector(".button-text"), t("again.run"));
    const key = one.querySelector("kbd");
    if (key) setText(key, t("key.again"));
    one.title = t("again.run");
    setAria(one, "keyshortcuts", "Control+Enter");
  }
  if (link) show(link.element, !HAS_SLOTS && state.session.can_start && may("operator") && state.run?.sequence.name === link.sequence);
}

/** For a stored run of the present sequence: leads to the live page with the run's values in the form. Nothing starts by it. */
export function againLink(report) {
  const filled = () => {
    fillForm(report.params || {});
    toast(t("again.filled"), "info", "start");
  };
  const element = h("a", { href: "/", class: "button small again-link", hidden: true, onclick: filled }, icon("refresh"), t("again.run"));
  link = { element, sequence: report.sequence.name };
  renderAgain();
  return element;
}

for (const kind of ["snapshot", "begin", "run", "session", "connection", "verdict"]) on(kind, renderAgain);
onPerson(renderAgain);
onLanguage(renderAgain);
