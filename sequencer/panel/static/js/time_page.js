// Where the time of tests goes: each case's share, retries, operators, other slots, and whether a version made it slower.

import { address, get } from "./api.js";
import { barLabels } from "./bar_labels.js";
import { addressOf, parametersOf } from "./figure_choice.js";
import { figureChart } from "./figure_chart.js";
import { figurePage } from "./figure_page.js";
import { h, icon, token, word } from "./dom.js";
import { sparkline } from "./sparkline.js";
import { amount, duration, percent, t } from "./text.js";

const BARS = 15;
/** A median that changed by less is what it was. */
const CHANGED = 0.1;
/** Runs of a version below which its median says nothing. */
const ENOUGH = 5;
const PARTS = ["testing", "retried", "asked", "waited"];

export function timePage() {
  return figurePage({
    title: t("nav.time"),
    splits: false,
    files: (choice, time) => address("/api/figures/cases", parametersOf(choice, time)),
    ask: (choice, time, signal) => Promise.all([get("/api/figures/cases", parametersOf(choice, time), signal)]),
    shown: ([{ rows }], choice) => (rows.length ? [h("section", { class: "card" }, chart(rows)), table(rows, choice)] : h("div", { class: "empty muted" }, t("timing.none"))),
  });
}

function seconds(of) {
  return duration(of, { fine: true });
}

/** What a case's seconds are made of: all that is not known to be something else is the test itself. */
function partsOf(row) {
  const { retried, asked, waited } = row;
  return { retried, asked, waited, testing: Math.max(0, row.seconds - retried - asked - waited) };
}

function chart(rows) {
  const bars = rows.slice(0, BARS);
  const sequences = new Set(bars.map((row) => row.sequence));
  // Cases of several sequences may have the same title.
  const twice = (row) => bars.some((one) => one !== row && one.title === row.title);
  const labels = bars.map((row) => (sequences.size > 1 && twice(row) ? `${row.title} · ${row.sequence}` : row.title));
  const whole = rows.reduce((sum, row) => sum + row.seconds, 0) || 1;
  return figureChart({
    title: t("timing.chart"),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: labels, axisLabel: barLabels(labels, look) },
      yAxis: { type: "value", axisLabel: { formatter: (value) => percent(value, 0) } },
      series: PARTS.map((part, at) => ({ name: t(`timing.${part}`), type: "bar", stack: "time", color: [look.accent, look.failed, look.stopped, look.skipped][at], barMaxWidth: 4 * look.rem, data: bars.map((row) => partsOf(row)[part] / whole) })),
    }),
    tip: (params) => ({ title: labels[params[0].dataIndex], lines: params.map((one) => [one.seriesName, `${percent(one.value)} · ${seconds(one.value * whole)}`]) }),
    table: () => ({ heads: [t("timing.case"), ...PARTS.map((part) => t(`timing.${part}`))], rows: bars.map((row, at) => [labels[at], ...PARTS.map((part) => seconds(partsOf(row)[part]))]) }),
  });
}

function table(rows, choice) {
  const heads = ["case", "share", "mean", "median", "p95", "n", "trend", "retries", "asked", "waited"];
  const sequences = new Set(rows.map((row) => row.sequence));
  return h(
    "section",
    { class: "card figures-split timing" },
    h("h2", {}, t("timing.cases")),
    h(
      "div",
      { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("timing.cases") } },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, t(`timing.${head}`))))), h("tbody", {}, rows.map((row) => caseRow(row, choice, sequences.size > 1)))),
    ),
  );
}

/** A row leads to what its case measures, or else to the runs of its sequence. */
function caseRow(row, choice, many) {
  const said = { by: [], span: "", sequence: row.sequence };
  const href = row.measures ? addressOf("/measurements", choice, { ...said, case: row.case }) : addressOf("/runs", choice, said);
  const cost = (of) => (of ? [seconds(of), " ", h("span", { class: "muted" }, percent(of / row.seconds))] : "—");
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href }, word(row.title)), h("div", { class: "muted figures-id" }, token(row.case), many ? ` · ${row.sequence}` : null)),
    h("td", { class: "number strong" }, percent(row.share)),
    ["mean", "median", "p95"].map((name) => h("td", { class: "number" }, seconds(row[name]))),
    h("td", { class: "number" }, amount(row.n)),
    h("td", {}, versions(row.versions)),
    h("td", { class: "number" }, row.retries ? [amount(row.retries), " · ", cost(row.retried)] : "—"),
    h("td", { class: "number" }, cost(row.asked)),
    h("td", { class: "number" }, cost(row.waited)),
  );
}

/** The median in each version, and how the newest one changed it. */
function versions(all) {
  const known = all.filter((one) => one.n >= ENOUGH);
  if (known.length < 2) return "—";
  const [before, now] = known.slice(-2);
  const change = before.median ? now.median / before.median - 1 : 0;
  const same = Math.abs(change) < CHANGED;
  const text = t(same ? "timing.same" : change > 0 ? "timing.slower" : "timing.faster", { change: percent(Math.abs(change), 0), version: now.version ?? t("choice.unsaid"), from: seconds(before.median), to: seconds(now.median) });
  return h("div", { class: "timing-versions" }, sparkline(known.map((one) => one.median), { low: 0, high: Math.max(2 * before.median, ...known.map((one) => one.median)) }), h("div", { class: same ? "muted" : `timing-change ${change > 0 ? "is-failed" : "is-passed"}` }, same ? null : icon(change > 0 ? "up" : "down"), " ", text));
}
