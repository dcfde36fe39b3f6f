// One case of the plan on the live page; `update` touches only what is another than before.

import { get } from "./api.js";
import { chartBox } from "./chart.js";
import { caseDetails, failure } from "./details.js";
import { h, icon, setAria, setIcon, setText, show } from "./dom.js";
import { isWarned, measuredText, reading, warningTag } from "./measurement.js";
import { reasonText } from "./reason.js";
import { follow } from "./sight.js";
import { lastAttempt, now, state } from "./state.js";
import { duration, percent, t } from "./text.js";

const PRINTED = 8;
const READINGS = 4;
const FAILURES = 10;
/** Milliseconds between two looks of open details at a case that is running. */
const DETAILS_PAUSE = 500;

/** `plan.isWanted(case)` says whether the filter shows it; `plan.changed(module)` is told of another status. */
export class CaseRow {
  constructor(one, plan) {
    this.one = one;
    this.plan = plan;
    this.name = one.full_name;
    this.open = null;
    this.later = 0;
    this.view = { attempt: null };
    this.shown = {};
    this.icon = icon(one.status);
    this.title = h("span", { class: "case-name" }, one.name);
    this.attempt = h("span", { class: "tag attempt-tag", hidden: true });
    this.warnings = h("span", {});
    this.printing = h("pre", { class: "output printing", hidden: true });
    this.message = h("div", { class: "case-message" });
    this.bar = h("progress", { class: "case-progress", hidden: true, max: 1 });
    this.barLabel = h("span", { class: "case-progress-label muted", hidden: true });
    this.readings = h("div", { class: "readings" });
    this.more = h("span", { class: "more muted", hidden: true });
    this.time = h("span", { class: "case-time number" });
    // Setup and teardown run whatever is chosen.
    const fixed = one.group !== "main" || one.module.group !== "main";
    this.tick = h("input", { type: "checkbox", checked: true, disabled: fixed, aria: { label: t("choose.case", { name: one.name }) } });
    this.head = h(
      "button",
      { class: "case-head", type: "button", aria: { expanded: "false" } },
      this.icon,
      h("span", { class: "case-text" }, h("span", { class: "case-title" }, this.title, this.attempt, this.warnings), this.message, this.bar, this.barLabel),
      h("span", { class: "case-readings" }, this.readings, this.more),
      this.time,
      h("span", { class: "case-chevron" }, icon("chevron")),
    );
    this.failures = h("div", { class: "case-failures" });
    this.charts = h("div", { class: "case-charts" });
    this.element = h("article", { class: "case", data: { name: this.name } }, h("label", { class: "tick" }, this.tick), this.head, this.printing, this.failures, this.charts);
    this.update();
  }

  /** Forgets what it shows: the next `update` looks at everything. */
  take(one) {
    this.one = one;
    this.view.attempt = null;
    this.shown = {};
  }

  update() {
    const { one } = this;
    const attempt = lastAttempt(one);
    if (this.shown.status !== one.status) {
      this.shown.status = one.status;
      setIcon(this.icon, one.status, t(`status.${one.status}`));
      this.element.className = `case is-${one.status}`;
      this.filter();
      this.plan.changed(one.module);
    }
    this.updateText(one, attempt);
    this.updateBar(one, attempt);
    this.updatePrinting(one, attempt);
    this.updateReadings(attempt);
    this.updateFailures(one, attempt);
    this.updateCharts(attempt);
    if (this.open) this.refreshDetails();
    if (one.status === "run") follow(this.element);
  }

  updateText(one, attempt) {
    setText(this.time, one.start_time && one.stop_time ? duration(one.stop_time - one.start_time, { fine: true }) : one.status === "run" ? duration(now() - one.start_time, { fine: true }) : "");
    show(this.attempt, attempt && attempt.number > 1);
    if (attempt && attempt.number > 1) setText(this.attempt, t("case.attempt", { number: attempt.number }));
    const texts = attempt?.newest ?? Object.values(attempt?.messages ?? {});
    const step = one.status === "run" && !texts.length ? stepName(attempt?.step) : null;
    setText(this.message, one.status === "skipped" && one.reason ? reasonText(one.coded_reason, one.reason) : texts.length ? texts.slice(-3).join(" · ") : step || "");
  }

  updateBar(one, attempt) {
    const bar = one.status === "run" ? attempt?.progress : null;
    show(this.bar, bar);
    show(this.barLabel, bar);
    if (!bar) return;
    this.bar.value = bar.value / bar.maximum;
    setAria(this.bar, "label", bar.label || t("case.progress"));
    setText(this.barLabel, `${bar.label ? `${bar.label} · ` : ""}${percent(bar.value / bar.maximum, 0)}`);
  }

  /** The end of what a program has printed, as long as it runs: its last lines, the newest in sight. */
  updatePrinting(one, attempt) {
    const text = one.status === "run" ? attempt?.printing : null;
    show(this.printing, text);
    if (!text || this.shown.printing === text) return;
    this.shown.printing = text;
    setText(this.printing, text.trimEnd().split("\n").slice(-PRINTED).join("\n"));
  }

  updateReadings(attempt) {
    const found = state.session.settings?.measurement_display === false ? [] : attempt?.measurements || [];
    const omitted = found.length ? attempt.omitted?.measurements ?? 0 : 0;
    const mark = `${attempt?.number}/${found.length}/${found.at(-1)?.superseded}/${omitted}`;
    if (this.shown.readings === mark) return;
    this.shown.readings = mark;
    // What failed is seen first; else the newest.
    const failed = found.filter((one) => one.result === false && !one.superseded);
    const seen = failed.length ? failed : found.filter(isWarned);
    const chosen = seen.length ? seen.slice(0, READINGS) : found.slice(-READINGS);
    this.readings.replaceChildren(...chosen.map(reading));
    this.warnings.replaceChildren(...[warningTag(attempt ? [attempt] : [])].filter(Boolean));
    const more = found.length - chosen.length + omitted;
    show(this.more, more);
    setText(this.more, t("case.more", { count: more }));
    setAria(this.readings, "label", chosen.map((one) => `${one.name} ${measuredText(one)}`).join(", ") || null);
  }

  updateFailures(one, attempt) {
    const found = attempt?.failures || [];
    const mark = `${attempt?.number}/${found.length}`;
    if (this.shown.failures === mark) return;
    this.shown.failures = mark;
    const more = found.length - FAILURES;
    this.failures.replaceChildren(...found.slice(0, FAILURES).map(failure), more > 0 ? h("p", { class: "muted" }, t("case.more", { count: more })) : "");
  }

  updateCharts(attempt) {
    const found = attempt?.charts || [];
    const mark = `${attempt?.number}/${found.length}`;
    if (this.shown.charts === mark) return;
    this.shown.charts = mark;
    this.charts.replaceChildren(...found.map((entry, index) => liveChart(this.name, attempt, index, entry)));
  }

  toggle() {
    if (this.open) {
      this.open.remove();
      this.open = null;
    } else {
      this.open = h("div", { class: "case-details" });
      this.element.append(this.open);
      this.fillDetails();
    }
    setAria(this.head, "expanded", String(Boolean(this.open)));
    this.element.classList.toggle("is-open", Boolean(this.open));
  }

  /** Open details are read: they change only when there is something new in them, and not at every measurement. */
  refreshDetails() {
    if (this.later) return;
    const wait = this.one.status === "run" ? DETAILS_PAUSE : 0;
    this.later = setTimeout(() => {
      this.later = 0;
      if (this.open) this.fillDetails();
    }, wait);
  }

  fillDetails() {
    const { one } = this;
    const mark = detailsMark(one, this.view.attempt);
    if (this.open.dataset.mark === mark) return;
    this.open.dataset.mark = mark;
    // Charts stand in the row already.
    const chart = (attempt, index, entry) => (attempt === lastAttempt(one) ? null : liveChart(this.name, attempt, index, entry));
    this.open.replaceChildren(caseDetails(one, chart, { view: this.view }));
  }

  filter() {
    show(this.element, this.plan.isWanted(this.one));
  }
}

/** What a step that is going on is called, unless it has no name but its verb. */
function stepName(step) {
  if (!step) return null;
  return step.step === step.verb ? step.call : step.step;
}

/** Another one when there is more to read than before, in the attempt of this index or (null) in the last one. */
function detailsMark(one, index) {
  const { artifact, ...shown } = one.attempts[index ?? one.attempts.length - 1] ?? {};
  const said = Object.entries(shown).map(([name, of]) => (Array.isArray(of) && name !== "dialogs" ? of.length : of));
  return JSON.stringify([document.documentElement.lang, one.status, one.attempts.length, index, { ...said, progress: null, step: null }]);
}

function liveChart(name, attempt, index, entry) {
  const load = () => get("/api/chart", { case: name, attempt: attempt.number, index: entry.index ?? index });
  return chartBox(entry.title, load, (feed) => {
    entry.feed = feed;
  });
}
