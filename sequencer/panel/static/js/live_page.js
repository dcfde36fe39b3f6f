// The live page of a run: alerts, the top with the verdict, messages, and the plan with its tools.

import { againButton } from "./again.js";
import { alertsView, problemView } from "./alerts.js";
import { askWhy, whyField } from "./choose_why.js";
import { fill, h, setAria, setText, show } from "./dom.js";
import { failure, notDone, standing } from "./details.js";
import { heroView, renderTime } from "./hero.js";
import { messageStrip } from "./messages.js";
import { may } from "./people.js";
import { planView, setChoosing, setFilter, tick } from "./plan.js";
import { shiftView } from "./shift.js";
import { isKnown, on, state } from "./state.js";
import { kept, SLOT } from "./slot.js";
import { slotLine } from "./slot_line.js";
import { StatusFilter } from "./status_filter.js";
import { onLanguage, t } from "./text.js";

const FILTERS = ["all", "failed", "run", "passed", "skipped"];
const parts = {};
let filter = "all";
let choosing = false;

export function livePage() {
  parts.back = SLOT === null ? null : h("a", { href: kept("/"), class: "to-slots" });
  parts.filters = new StatusFilter(FILTERS, choose);
  parts.choose = h("button", { type: "button", class: "button small", aria: { pressed: "false" }, onclick: toggleChoosing });
  parts.chosen = h("span", { class: "muted", role: "status" });
  parts.failures = h("div", { class: "run-failures" });
  const page = h(
    "div",
    { class: "live-page" },
    alertsView(),
    parts.back,
    heroView(againButton()),
    h("main", { id: "main", tabIndex: -1 }, messageStrip(), problemView(), parts.failures, h("div", { class: "plan-tools" }, parts.filters.element, shiftView(), h("span", { class: "spacer" }), parts.chosen, whyField(), parts.choose), planView()),
  );
  setInterval(() => {
    if (state.run?.status === "run" && isKnown()) {
      renderTime();
      tick();
    }
  }, 500);
  render();
  return page;
}

for (const kind of ["snapshot", "session", "run"]) on(kind, render);
on("snapshot", renderBack);
onLanguage(() => {
  render();
  renderBack();
});

function render() {
  if (state.run && parts.filters) renderTools();
}

/** The way back to all slots. */
function renderBack() {
  if (state.run && parts.back) fill(parts.back, slotLine(state.session.slot), h("span", { class: "button small" }, t("slots.all"), h("kbd", {}, t("key.escape"))));
}

function renderTools() {
  const { counts, session, run } = state;
  parts.filters.update(counts, filter);
  show(parts.choose, may("engineer") && session.settings?.manual_collect && session.can_start);
  setText(parts.choose, t(choosing ? "choose.off" : "choose.on"));
  if (!parts.choose.hidden) setAria(parts.choose, "pressed", String(choosing));
  askWhy(choosing && !parts.choose.hidden);
  const after = standing(run);
  const mark = JSON.stringify([run.failures, after]);
  if (parts.failures.dataset.mark !== mark) {
    parts.failures.dataset.mark = mark;
    fill(parts.failures, [...run.failures.map(failure), ...after.map(notDone)]);
  }
}

function choose(name) {
  filter = name;
  setFilter(name);
  renderTools();
}

function toggleChoosing() {
  choosing = !choosing;
  setChoosing(choosing, (count) => setText(parts.chosen, choosing ? t("choose.count", { count }) : ""));
  renderTools();
}
