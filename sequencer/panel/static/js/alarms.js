// What is wrong with the line, above every page: each alarm with its sentence and the page that shows it, until it is over. One that
// stops the line stays until somebody says that they know of it.

import { post } from "./api.js";
import { fill, h, icon, memory, setAria, show } from "./dom.js";
import { may, named, onPerson } from "./people.js";
import { reasonText } from "./reason.js";
import { isKnown, now, on, state } from "./state.js";
import { hour, onLanguage, past, t } from "./text.js";
import { toast, toastError } from "./toast.js";

/** Alarms that are shown at once: the page itself has to stay in sight. */
const MOST = 3;
const element = h("section", { class: "alarms", hidden: true });
let unfolded = false;

export function alarmsView() {
  render();
  return element;
}

for (const kind of ["snapshot", "connection"]) on(kind, render);
on("session", (changed) => "alarms" in changed && render());
onLanguage(render);
onPerson(render);

function render() {
  if (!state.run) return;
  const told = [...(state.session.alarms ?? [])].sort((one, other) => other.blocks - one.blocks || other.raised - one.raised);
  const shown = unfolded ? told : told.slice(0, MOST);
  show(element, told.length);
  setAria(element, "label", t("alarms.title"));
  const mark = JSON.stringify([shown, told.length, may("engineer"), isKnown(), document.documentElement.lang]);
  if (element.dataset.mark === mark) return;
  element.dataset.mark = mark;
  const left = told.length - shown.length;
  fill(element, shown.map(alarm), left > 0 ? h("button", { type: "button", class: "alarms-more", onclick: unfold }, t("alarms.more", { count: left })) : null);
}

function unfold() {
  unfolded = true;
  render();
}

function alarm(of) {
  const when = of.cleared === null ? t("alarms.since", { when: now() - of.raised < 86_400 ? hour(of.raised) : past(of.raised, now()) }) : t("alarms.over");
  return h(
    "div",
    { class: `alarm${of.blocks ? " is-blocking" : ""}`, role: "alert", data: { alarm: of.id } },
    icon("warning"),
    h(
      "div",
      { class: "alarm-text" },
      h("a", { href: of.page, class: "alarm-name" }, of.name || t("alarms.title")),
      " · ",
      h("span", {}, reasonText(of.coded_reason, of.text)),
      " · ",
      h("span", { class: "alarm-when number" }, when),
      of.blocks ? h("p", {}, t(may("engineer") ? "alarms.blocks" : "alarms.engineer")) : null,
    ),
    of.blocks && may("engineer") ? h("button", { type: "button", class: "button", disabled: !isKnown(), onclick: (event) => acknowledge(of, event.target) }, t("alarms.acknowledge")) : null,
  );
}

async function acknowledge(of, button) {
  button.disabled = true;
  try {
    const user = named() ? null : memory.get("operator");
    await post(`/api/alarms/${encodeURIComponent(of.id)}/acknowledge`, user ? { user } : {});
    toast(t("alarms.done"), "info", "page");
  } catch (error) {
    button.disabled = false;
    toastError(error, "page");
  }
}
