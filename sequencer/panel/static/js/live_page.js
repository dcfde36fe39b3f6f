// The live page: alerts, the top with the verdict, messages, and the plan with its tools.

import { againButton } from "./again.js";
import { post } from "./api.js";
import { askWhy, whyField } from "./choose_why.js";
import { fill, h, icon, setAria, setText, show, token } from "./dom.js";
import { failure, notDone, standing } from "./details.js";
import { heroView, renderTime } from "./hero.js";
import { labelButton } from "./label.js";
import { messageStrip } from "./messages.js";
import { may } from "./people.js";
import { planView, setChoosing, setFilter, tick } from "./plan.js";
import { reasonText } from "./reason.js";
import { shiftView } from "./shift.js";
import { isKnown, on, state } from "./state.js";
import { StatusFilter } from "./status_filter.js";
import { onLanguage, t } from "./text.js";
import { toastError } from "./toast.js";

const SHOWN_LABELS = 3;
const FILTERS = ["all", "failed", "run", "passed", "skipped"];
const parts = {};
let filter = "all";
let choosing = false;

export function livePage() {
  parts.alerts = h("div", { class: "alerts" });
  parts.problem = h("section", { class: "problem card", role: "alert", hidden: true });
  parts.filters = new StatusFilter(FILTERS, choose);
  parts.choose = h("button", { type: "button", class: "button small", aria: { pressed: "false" }, onclick: toggleChoosing });
  parts.chosen = h("span", { class: "muted", role: "status" });
  parts.failures = h("div", { class: "run-failures" });
  const page = h(
    "div",
    { class: "live-page" },
    parts.alerts,
    heroView(againButton()),
    h("main", { id: "main", tabIndex: -1 }, messageStrip(), parts.problem, parts.failures, h("div", { class: "plan-tools" }, parts.filters.element, shiftView(), h("span", { class: "spacer" }), parts.chosen, whyField(), parts.choose), planView()),
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

on("snapshot", () => parts.alerts && render());
on("session", () => parts.alerts && render());
on("begin", () => parts.alerts && renderAlerts());
on("run", () => parts.alerts && renderTools());
on("connection", () => parts.alerts && renderAlerts());
onLanguage(() => parts.alerts && render());

function render() {
  if (!state.run) return;
  renderAlerts();
  renderProblem();
  renderTools();
}

function renderAlerts() {
  const alerts = state.session.alerts || [];
  const waiting = alerts.filter((one) => one.code === "label").slice(SHOWN_LABELS);
  const shown = alerts
    .filter((one) => !waiting.includes(one))
    .map((one) => ({ kind: "warning", text: reasonText(one.coded_reason, one.text), unit: one.unit, label: one.code === "label" ? one.run : null }));
  if (waiting.length) shown.push({ kind: "warning", text: t("label.more", { count: waiting.length }) });
  if (!isKnown()) shown.unshift({ kind: "failed", text: t("connection.lost") });
  if (state.session.state === "retrying") shown.unshift({ kind: "info", text: t("after.retrying") });
  if (state.cut) shown.unshift({ kind: "warning", text: t("run.cut"), link: `/runs/${encodeURIComponent(state.cut)}` });
  for (const target of state.session.storage?.targets || []) {
    if (target.parked) shown.push({ kind: "warning", text: t("storage.parked_alert", { target: t(`target.${target.target}`), count: target.parked }), link: "/storage" });
    if (target.hold?.reason === "refused") shown.push({ kind: "warning", text: t("storage.refused_alert", { target: t(`target.${target.target}`) }), link: "/storage" });
  }
  const mark = JSON.stringify(shown);
  if (parts.alerts.dataset.mark === mark) return;
  parts.alerts.dataset.mark = mark;
  fill(
    parts.alerts,
    shown.map((one) => h("p", { class: `alert is-${one.kind}`, role: "alert" }, icon("warning"), one.unit ? [token(one.unit), ": "] : null, one.link ? h("a", { href: one.link }, one.text) : one.text, one.label && may("operator") ? [" ", labelButton(one.label, "label.again")] : null)),
  );
}

function renderProblem() {
  const { problem } = state.session;
  show(parts.problem, problem);
  const mark = JSON.stringify([problem, document.documentElement.lang]);
  if (!problem || parts.problem.dataset.mark === mark) return;
  parts.problem.dataset.mark = mark;
  fill(
    parts.problem,
    h("h2", {}, icon("warning"), t(problem.code === "invalid" ? "problem.title" : "problem.process")),
    problem.message ? h("pre", { class: "output" }, reasonText(problem.coded_reason, problem.message)) : null,
    h(
      "ol",
      { class: "problems" },
      (problem.problems || []).map((one) =>
        h("li", { class: `is-${one.severity}` }, h("code", { class: "place" }, one.place), h("p", {}, one.message), one.hint ? h("p", { class: "muted" }, one.hint) : null),
      ),
    ),
    h("button", { type: "button", class: "button", onclick: reload }, icon("refresh"), t("problem.again")),
  );
}

async function reload() {
  try {
    await post("/api/choice", { name: state.session.choice });
  } catch (error) {
    toastError(error, "form");
  }
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
