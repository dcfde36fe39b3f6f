// How the line is doing: yield, how much was tested, how long it took; against the time before, and split.

import { address, get } from "./api.js";
import { addressOf, parametersOf, spanOf, valueText } from "./figure_choice.js";
import { figureChart } from "./figure_chart.js";
import { figurePage, goTo } from "./figure_page.js";
import { h, icon, word } from "./dom.js";
import { sparkline } from "./sparkline.js";
import { chosenSpan, spanText, withGaps } from "./spans.js";
import { amount, duration, percent, t } from "./text.js";

const YIELDS = ["first_pass_yield", "second_pass_yield", "final_yield", "yield"];
/** Between two marks of an axis of yields. */
const STEPS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
const VERDICTS = ["passed", "failed", "error"];
/** A span in which nothing was tested. */
const STILL = { runs: 0, passed: 0, failed: 0, error: 0, units: 0, first_passed: 0, second_passed: 0, seconds_per_unit: null, ...Object.fromEntries(YIELDS.map((name) => [name, null])) };

export function overviewPage() {
  return figurePage({
    title: t("nav.overview"),
    spans: true,
    files: (choice, time) => address("/api/figures/overview", parametersOf(choice, time, { by: choice.by, span: spanOf(choice, time) })),
    ask(choice, time, signal) {
      const put = (when, more) => (when ? get("/api/figures/overview", parametersOf(choice, when, more), signal) : null);
      const span = spanOf(choice, time);
      const split = choice.by.length > 0;
      const { by } = choice;
      return Promise.all([put(time), put(time.before), put(time, { span }), split ? put(time, { by }) : null, split ? put(time.before, { by }) : null, split ? put(time, { by, span }) : null]);
    },
    shown([all, before, spans, ...split], choice, time) {
      const span = spanOf(choice, time);
      const every = withGaps(spans.rows, span, (begin) => ({ ...STILL, span: begin }));
      return [
        tiles(all.rows[0], before?.runs ? before.rows[0] : null, spans.rows),
        split[0] ? splitTable(choice, split[0].rows, split[1]?.rows ?? [], split[2].rows) : null,
        h("div", { class: "figures-charts" }, verdicts(every, span, choice), yields(every, span), units(every, span), times(every, span)),
      ];
    },
  });
}

/** Each figure, how it was before, and how it went. */
function tiles(now, before, spans) {
  const line = (name, range) => sparkline(spans.map((row) => row[name]), range);
  const note = (part, whole) => t("yield.of_units", { passed: amount(part), all: amount(whole) });
  const notes = { yield: t("yield.of_runs", { passed: amount(now.passed), all: amount(now.runs) }), first_pass_yield: note(now.first_passed, now.units), second_pass_yield: note(now.second_passed, now.units), final_yield: note(now.final_passed, now.units) };
  return h(
    "div",
    { class: "tiles" },
    YIELDS.map((name) => tile(name, percent(now[name]), change(now[name], before?.[name], percent, 1), notes[name], line(name, { high: 1 }))),
    tile("runs", amount(now.runs), change(now.runs, before?.runs, amount, 0), t("overview.runs_note", { failed: amount(now.failed), error: amount(now.error) }), line("runs", { low: 0 })),
    tile("units", amount(now.units), change(now.units, before?.units, amount, 0), t("overview.units_note"), line("units", { low: 0 })),
    tile("seconds_per_unit", fine(now.seconds_per_unit), change(now.seconds_per_unit, before?.seconds_per_unit, fine, -1), t("overview.time_note", { time: fine(now.mean_seconds) }), line("seconds_per_unit", { low: 0 })),
  );
}

function fine(seconds) {
  return duration(seconds, { fine: true });
}

function tile(name, figure, changed, note, line) {
  return h("section", { class: "card tile", data: { figure: name } }, h("h2", {}, t(`overview.${name}`)), h("p", { class: "tile-figure number" }, figure), changed, h("p", { class: "muted" }, note), line);
}

/** What a figure was before; `better` is 1 where more is better, -1 where less is, 0 where neither. */
function change(now, before, written, better) {
  if (now === null || before === null || before === undefined) return h("p", { class: "tile-change muted" }, t("overview.no_before"));
  const [one, other] = [written(now), written(before)];
  if (one === other) return h("p", { class: "tile-change muted" }, t("overview.same"));
  const up = now > before;
  const kind = better === 0 ? "" : up === better > 0 ? "is-passed" : "is-failed";
  return h("p", { class: `tile-change ${kind}` }, icon(up ? "up" : "down", t(up ? "overview.up" : "overview.down")), " ", t("overview.was", { value: other }));
}

/** A row for each value of the split, the lowest first-pass yield first; it leads to what it is about. */
function splitTable(choice, rows, before, spans) {
  const key = (row) => JSON.stringify(row.by);
  const earlier = new Map(before.map((row) => [key(row), row]));
  const over = new Map();
  for (const row of spans) over.set(key(row), [...(over.get(key(row)) ?? []), row.first_pass_yield]);
  // All lines of the table on one scale.
  const low = Math.min(1, ...spans.map((row) => row.first_pass_yield ?? 1));
  const sorted = rows.toSorted((a, b) => (a.first_pass_yield ?? 2) - (b.first_pass_yield ?? 2) || b.runs - a.runs);
  const known = sorted.filter((row) => row.first_pass_yield !== null);
  const lowest = known.length > 1 && known[0].first_pass_yield < known.at(-1).first_pass_yield ? known[0] : null;
  const name = choice.by.map((one) => t(`filter.${one}`)).join(" + ");
  const said = (...names) => names.map((one) => t(`overview.${one}`));
  const heads = [name, ...said("first_pass_yield", "before", "trend", "second_pass_yield", "final_yield", "yield", "runs"), t("filter.failed"), ...said("units", "seconds_per_unit")];
  return h(
    "section",
    { class: "card figures-split" },
    h("h2", {}, t("overview.split", { by: name })),
    h(
      "div",
      { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("overview.split", { by: name }) } },
      h(
        "table",
        { class: "table" },
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, sorted.map((row) => splitRow(choice, row, earlier.get(key(row)), sparkline(over.get(key(row)) ?? [], { low, high: 1 }), row === lowest))),
      ),
    ),
  );
}

function splitRow(choice, row, before, trend, lowest) {
  const values = Object.entries(row.by);
  const label = values.map(([name, value]) => valueText(name, value)).join(" · ");
  // What runs do not say cannot be chosen.
  const narrowed = (path) => (values.every(([, value]) => value !== null) ? addressOf(path, choice, { ...row.by, by: [] }) : null);
  const missed = amount(row.failed + row.error);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, narrowed("/overview") ? h("a", { href: narrowed("/overview") }, word(label)) : label, lowest ? [" ", h("span", { class: "tag is-worst" }, icon("warning"), " ", t("yield.lowest"))] : null),
    h("td", { class: "number strong" }, percent(row.first_pass_yield)),
    h("td", { class: "number" }, before ? change(row.first_pass_yield, before.first_pass_yield, percent, 1) : null),
    h("td", {}, trend),
    ["second_pass_yield", "final_yield", "yield"].map((name) => h("td", { class: "number" }, percent(row[name]))),
    h("td", { class: "number" }, amount(row.runs)),
    h("td", { class: "number" }, narrowed("/failures") && missed !== "0" ? h("a", { href: narrowed("/failures"), aria: { label: `${t("filter.failed")}: ${missed}, ${label}` } }, missed) : missed),
    h("td", { class: "number" }, amount(row.units)),
    h("td", { class: "number" }, fine(row.seconds_per_unit)),
  );
}

/** Runs by verdict; a bar leads to them. */
function verdicts(rows, span, choice) {
  const labels = rows.map((row) => spanText(row.span, span));
  const runsOf = (row, more = {}) => addressOf("/runs", choice, { ...more, ...chosenSpan(row.span, span, rows), by: [], span: "" });
  return figureChart({
    title: t(`overview.runs_per.${span}`),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: labels },
      yAxis: { type: "value", minInterval: 1 },
      series: VERDICTS.map((status) => ({ id: status, name: t(`status.${status}`), type: "bar", stack: "runs", color: look[status], barMaxWidth: 2.5 * look.rem, cursor: "pointer", data: rows.map((row) => row[status]) })),
    }),
    tip: (params) => ({ title: labels[params[0].dataIndex], lines: params.map((one) => [one.seriesName, amount(one.value)]) }),
    chosen: ({ dataIndex, seriesId }) => goTo(runsOf(rows[dataIndex], { status: seriesId })),
    table: () => ({
      heads: [t(`per.${span}`), t("overview.runs"), ...VERDICTS.map((status) => t(`status.${status}`))],
      rows: rows.map((row, at) => [h("a", { href: runsOf(row) }, labels[at]), amount(row.runs), amount(row.passed), amount(row.failed), amount(row.error)]),
    }),
  });
}

/** Units by their first two runs. */
function units(rows, span) {
  const labels = rows.map((row) => spanText(row.span, span));
  const parts = [
    ["overview.at_first", "passed", (row) => row.first_passed],
    ["overview.at_second", "stopped", (row) => row.second_passed - row.first_passed],
    ["overview.not_by_second", "failed", (row) => row.units - row.second_passed],
  ];
  return figureChart({
    title: t("overview.units_over_time"),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: labels },
      yAxis: { type: "value", minInterval: 1 },
      series: parts.map(([name, status, of]) => ({ name: t(name), type: "bar", stack: "units", color: look[status], barMaxWidth: 2.5 * look.rem, data: rows.map(of) })),
    }),
    tip: (params) => ({ title: labels[params[0].dataIndex], lines: params.map((one) => [one.seriesName, amount(one.value)]) }),
    table: () => ({ heads: [t(`per.${span}`), t("overview.units"), ...parts.map(([name]) => t(name))], rows: rows.map((row, at) => [labels[at], amount(row.units), ...parts.map(([, , of]) => amount(of(row)))]) }),
  });
}

function yields(rows, span) {
  const labels = rows.map((row) => spanText(row.span, span));
  const missed = Math.max(0.001, ...rows.flatMap((row) => YIELDS.map((name) => 1 - (row[name] ?? 1))));
  const interval = STEPS.find((step) => missed <= 5 * step) ?? STEPS.at(-1);
  return figureChart({
    title: t("overview.yield_over_time"),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis" },
      xAxis: { type: "category", data: labels },
      yAxis: { type: "value", min: 1 - interval * Math.ceil(missed / interval), max: 1, interval, axisLabel: { formatter: (value) => percent(value) } },
      series: YIELDS.map((name, at) => ({ name: t(`overview.${name}`), type: "line", symbol: ["circle", "rect", "triangle", "diamond"][at], symbolSize: 0.5 * look.rem, showSymbol: rows.length <= 40, connectNulls: true, data: rows.map((row) => row[name]) })),
    }),
    tip: (params) => ({ title: labels[params[0].dataIndex], lines: params.map((one) => [one.seriesName, percent(one.value)]) }),
    table: () => ({ heads: [t(`per.${span}`), ...YIELDS.map((name) => t(`overview.${name}`))], rows: rows.map((row, at) => [labels[at], ...YIELDS.map((name) => percent(row[name]))]) }),
  });
}

function times(rows, span) {
  const labels = rows.map((row) => spanText(row.span, span));
  const name = t("overview.seconds_per_unit");
  return figureChart({
    title: name,
    option: (look) => ({
      tooltip: { trigger: "axis" },
      xAxis: { type: "category", data: labels },
      yAxis: { type: "value", axisLabel: { formatter: fine } },
      series: [{ name, type: "line", symbolSize: 0.5 * look.rem, showSymbol: rows.length <= 40, connectNulls: true, data: rows.map((row) => row.seconds_per_unit) }],
    }),
    tip: ([one]) => ({ title: labels[one.dataIndex], lines: [[name, fine(one.value)]] }),
    table: () => ({ heads: [t(`per.${span}`), name], rows: rows.map((row, at) => [labels[at], fine(row.seconds_per_unit)]) }),
  });
}
