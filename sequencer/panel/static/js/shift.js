// The counters of the shift: small and quiet, beside what can be done with the plan.

import { fill, h, setAria, show } from "./dom.js";
import { on, state } from "./state.js";
import { amount, hour, onLanguage, percent, t } from "./text.js";

const parts = {};

export function shiftView() {
  parts.list = h("dl", { class: "shift", hidden: true });
  render();
  return parts.list;
}

on("snapshot", render);
on("session", (changed) => "shift" in changed && render());
onLanguage(render);

function render() {
  if (!parts.list) return;
  const { shift } = state.session;
  show(parts.list, shift);
  const mark = JSON.stringify([shift, document.documentElement.lang]);
  if (!shift || parts.list.dataset.mark === mark) return;
  parts.list.dataset.mark = mark;
  setAria(parts.list, "label", t("shift.title"));
  const since = counter("shift.since", hour(shift.since), t("shift.note"));
  fill(parts.list, since, shift.known ? counters(shift) : counter("shift.unknown", "—"));
}

function counters(shift) {
  const firsts = t("yield.of_units", { passed: amount(shift.first_passed), all: amount(shift.units) });
  const pace = shift.per_hour === null ? "—" : amount(Math.round(shift.per_hour));
  return [
    counter("shift.tested", amount(shift.tested)),
    counter("shift.passed", amount(shift.passed)),
    counter("yield.first_pass", shift.units ? percent(shift.first_passed / shift.units) : "—", firsts),
    counter("shift.per_hour", shift.target === null ? pace : t("shift.of_target", { pace, target: shift.target }), t("shift.per_hour_note")),
  ];
}

function counter(label, figure, title = null) {
  return h("div", { title }, h("dt", {}, t(label)), h("dd", { class: "number" }, figure));
}
