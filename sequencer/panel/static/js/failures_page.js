// What keeps units from passing, the most frequent first: by case, measurement, error code or stand; and what never failed before.

import { address, get } from "./api.js";
import { barLabels } from "./bar_labels.js";
import { addressOf, parametersOf, valueText } from "./figure_choice.js";
import { figureChart } from "./figure_chart.js";
import { figurePage, goTo } from "./figure_page.js";
import { h, icon, token, word } from "./dom.js";
import { amount, moment, percent, t } from "./text.js";

const CAUSES = ["case", "measurement", "error_code", "failing_stand"];
/** Bars of the chart, and rows of the list before its rest. */
const BARS = 15;
const ROWS = 50;

export function failuresPage() {
  const query = new URLSearchParams(window.location.search);
  const cause = CAUSES.includes(query.get("cause")) ? query.get("cause") : CAUSES[0];
  return figurePage({
    title: t("nav.failures"),
    files: (choice, time) => address("/api/figures/failures", parametersOf(choice, time, { by: [cause, ...choice.by] })),
    ask(choice, time, signal) {
      const put = (name, more) => get(`/api/figures/${name}`, parametersOf(choice, time, more), signal);
      const split = choice.by.length ? put("failures", { by: [cause, ...choice.by] }) : null;
      return Promise.all([put("failures", { by: [cause] }), put("overview"), time.since === null ? null : put("new-failures", { cause }), split]);
    },
    shown([all, overview, fresh, split], choice) {
      return [
        causes(cause, choice),
        fresh?.rows.length ? newOnes(fresh.rows, cause, choice) : null,
        all.rows.length
          ? [h("section", { class: "card" }, pareto(all.rows, split?.rows ?? null, cause, choice)), list(all.rows, new Set(fresh?.rows.map((row) => row.name)), overview.rows[0], cause, choice)]
          : h("div", { class: "empty muted" }, t("failures.none")),
      ];
    },
  });
}

/** By what failures are told apart: links, so that each is a view of its own. */
function causes(cause, choice) {
  return h("nav", { class: "segmented", aria: { label: t("failures.by") } }, CAUSES.map((one) => h("a", { href: addressOf("/failures", choice, { cause: one }), aria: { current: one === cause ? "true" : null } }, t(`failures.cause.${one}`))));
}

/** The runs in which something failed. */
function runsOf(name, cause, choice) {
  const said = { by: [], span: "" };
  if (cause === "case") said.case = name;
  else if (cause === "measurement") said.measurement = name;
  else if (cause === "error_code") said.error_code = name;
  else Object.assign(said, { stand: name, status: "failed" });
  return addressOf("/runs", choice, said);
}

/** Where a name leads: to its measurement, where it is one, else to the runs. */
function pageOf(name, cause, choice) {
  if (cause !== "measurement") return runsOf(name, cause, choice);
  const [module, of, ...measurement] = name.split("::");
  return addressOf("/measurements/one", choice, { by: [], span: "", case: `${module}::${of}`, measurement: measurement.join("::") });
}

function titled(row, cause) {
  return cause === "error_code" ? t("failure.code", { code: row.title }) : row.title;
}

function newOnes(rows, cause, choice) {
  return h(
    "section",
    { class: "card figures-new" },
    h("h2", {}, icon("warning"), " ", t("failures.new")),
    h(
      "ul",
      {},
      rows.map((row) =>
        h("li", {}, h("a", { href: runsOf(row.name, cause, choice) }, word(titled(row, cause))), " ", h("span", { class: "muted" }, t("failures.new_runs", { runs: amount(row.runs) }), " · "), h("a", { href: `/runs/${encodeURIComponent(row.run)}` }, t("failures.first_at", { time: moment(row.start_time) }))),
      ),
    ),
  );
}

/** Bars, one on the other by the values of the split, and the line of their shares so far. */
function pareto(rows, split, cause, choice) {
  const bars = rows.slice(0, BARS);
  const labels = bars.map((row) => titled(row, cause));
  const values = split ? [...new Set(split.map((row) => splitOf(row, choice)))] : [];
  const counted = new Map((split ?? []).map((row) => [JSON.stringify([row.name, splitOf(row, choice)]), row.runs]));
  const stacks = split ? values.map((value) => [value, bars.map((row) => counted.get(JSON.stringify([row.name, value])) ?? 0)]) : [[t("overview.runs"), bars.map((row) => row.runs)]];
  return figureChart({
    title: t("failures.pareto"),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      xAxis: { type: "category", data: labels, axisLabel: barLabels(labels, look) },
      yAxis: [
        { type: "value", minInterval: 1 },
        { type: "value", min: 0, max: 1, splitLine: { show: false }, axisLabel: { formatter: (value) => percent(value, 0) } },
      ],
      series: [
        ...stacks.map(([name, data], at) => ({ name, type: "bar", stack: "runs", color: split ? look.series[at % look.series.length] : look.failed, barMaxWidth: 4 * look.rem, cursor: "pointer", data })),
        { name: t("failures.cumulative"), type: "line", yAxisIndex: 1, color: look.muted, symbolSize: 0.45 * look.rem, data: bars.map((row) => row.cumulative) },
      ],
    }),
    tip: (params) => ({ title: labels[params[0].dataIndex], lines: params.map((one) => [one.seriesName, one.seriesType === "line" ? percent(one.value) : amount(one.value)]) }),
    chosen: ({ dataIndex }) => goTo(runsOf(bars[dataIndex].name, cause, choice)),
    table: split ? () => ({ heads: [t(`failures.cause.${cause}`), ...values], rows: bars.map((row, at) => [labels[at], ...stacks.map(([, data]) => amount(data[at]))]) }) : null,
  });
}

function splitOf(row, choice) {
  return choice.by.map((name) => valueText(name, row.by[name])).join(" · ");
}

function list(rows, fresh, overview, cause, choice) {
  const most = rows[0].runs;
  const heads = [`failures.cause.${cause}`, "overview.runs", "failures.share", "failures.cumulative", "overview.units", "failures.of_units"];
  return h(
    "section",
    { class: "card figures-split" },
    h("h2", {}, t("failures.list")),
    h(
      "div",
      { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("failures.list") } },
      h(
        "table",
        { class: "table" },
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, t(head))), h("th", { scope: "col" }, h("span", { class: "for-readers" }, t("failures.bar"))))),
        h("tbody", {}, rows.slice(0, ROWS).map((row) => listRow(row, fresh.has(row.name), { overview, most, cause, choice }))),
      ),
    ),
    rows.length > ROWS ? h("p", { class: "muted figures-rest" }, t("case.more", { count: rows.length - ROWS })) : null,
  );
}

function listRow(row, fresh, { overview, most, cause, choice }) {
  const title = titled(row, cause);
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: pageOf(row.name, cause, choice) }, word(title)), fresh ? [" ", h("span", { class: "tag is-new" }, t("failures.new_tag"))] : null, title === row.name || cause === "error_code" ? null : h("div", { class: "muted figures-id" }, token(row.name))),
    h("td", { class: "number strong" }, cause === "measurement" ? h("a", { href: runsOf(row.name, cause, choice), aria: { label: `${t("overview.runs")}: ${amount(row.runs)}, ${title}` } }, amount(row.runs)) : amount(row.runs)),
    h("td", { class: "number" }, percent(row.share)),
    h("td", { class: "number" }, percent(row.cumulative)),
    h("td", { class: "number" }, amount(row.units)),
    h("td", { class: "number" }, overview.units ? percent(Math.min(1, row.units / overview.units)) : "—"),
    h("td", { class: "missed-share" }, h("meter", { min: 0, max: most, value: row.runs, aria: { label: title } })),
  );
}
