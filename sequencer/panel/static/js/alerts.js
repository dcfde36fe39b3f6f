// What is wrong with the stand, at the top of the live page: warnings that last, and why nothing can be started.

import { post } from "./api.js";
import { fill, h, icon, show, token } from "./dom.js";
import { labelButton } from "./label.js";
import { may } from "./people.js";
import { reasonText } from "./reason.js";
import { slotLine } from "./slot_line.js";
import { isKnown, on, state } from "./state.js";
import { onLanguage, t } from "./text.js";
import { toastError } from "./toast.js";

const SHOWN_LABELS = 3;
const alerts = h("div", { class: "alerts" });
const place = h("section", { class: "problem card", role: "alert", hidden: true });

export function alertsView() {
  renderAlerts();
  return alerts;
}

export function problemView() {
  renderProblem();
  return place;
}

for (const kind of ["snapshot", "session", "begin", "connection"]) on(kind, renderAlerts);
for (const kind of ["snapshot", "session"]) on(kind, renderProblem);
onLanguage(() => {
  renderAlerts();
  renderProblem();
});

function renderAlerts() {
  if (!state.run) return;
  const told = state.session.alerts || [];
  const waiting = told.filter((one) => one.code === "label").slice(SHOWN_LABELS);
  const shown = told
    .filter((one) => !waiting.includes(one))
    .map((one) => ({ kind: "warning", text: reasonText(one.coded_reason, one.text), unit: one.unit, slot: state.slots?.[one.slot], label: one.code === "label" ? one.run : null }));
  if (waiting.length) shown.push({ kind: "warning", text: t("label.more", { count: waiting.length }) });
  if (!isKnown()) shown.unshift({ kind: "failed", text: t("connection.lost") });
  if (state.session.state === "retrying") shown.unshift({ kind: "info", text: t("after.retrying") });
  if (state.cut) shown.unshift({ kind: "warning", text: t("run.cut"), link: `/runs/${encodeURIComponent(state.cut)}` });
  for (const target of state.session.storage?.targets || []) {
    if (target.parked) shown.push({ kind: "warning", text: t("storage.parked_alert", { target: t(`target.${target.target}`), count: target.parked }), link: "/storage" });
    if (target.hold?.reason === "refused") shown.push({ kind: "warning", text: t("storage.refused_alert", { target: t(`target.${target.target}`) }), link: "/storage" });
  }
  const mark = JSON.stringify(shown);
  if (alerts.dataset.mark === mark) return;
  alerts.dataset.mark = mark;
  fill(
    alerts,
    shown.map((one) => h("p", { class: `alert is-${one.kind}`, role: "alert" }, icon("warning"), one.slot ? slotLine(one.slot) : null, one.unit ? [token(one.unit), ": "] : null, one.link ? h("a", { href: one.link }, one.text) : one.text, one.label && may("operator") ? [" ", labelButton(one.label, "label.again")] : null)),
  );
}

function renderProblem() {
  if (!state.run) return;
  const { problem } = state.session;
  show(place, problem);
  const mark = JSON.stringify([problem, document.documentElement.lang]);
  if (!problem || place.dataset.mark === mark) return;
  place.dataset.mark = mark;
  fill(
    place,
    h("h2", {}, icon("warning"), t(problem.code === "invalid" ? "problem.title" : "problem.process")),
    problem.message ? h("pre", { class: "output" }, reasonText(problem.coded_reason, problem.message)) : null,
    h(
      "ol",
      { class: "problems" },
      (problem.problems || []).map((one) =>
        h("li", { class: `is-${one.severity}` }, h("code", { class: "place" }, one.place), h("p", {}, one.message), one.hint ? h("p", { class: "muted" }, one.hint) : null),
      ),
    ),
    state.session.can_start ? h("button", { type: "button", class: "button", onclick: reload }, icon("refresh"), t("problem.again")) : null,
  );
}

async function reload() {
  try {
    await post("/api/choice", { name: state.session.choice });
  } catch (error) {
    toastError(error, "form");
  }
}
