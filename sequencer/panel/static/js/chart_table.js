// The values of a chart as a table: for who cannot see the curve, or wants the numbers.

import { fill, h } from "./dom.js";
import { t, value } from "./text.js";

/** More rows help nobody; all values are in the report. */
const MOST = 1000;

/** The values of a chart of a case. */
export function chartTable(chart) {
  return foldedTable(chart.title, () => values(chart));
}

/** A table that is folded away, and made when it is first opened: `asked()` is its `{ heads, rows }`, with texts or elements in its cells. */
export function foldedTable(title, asked) {
  const body = h("div", { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: title || t("chart.table") } });
  const details = h("details", { class: "chart-table" }, h("summary", {}, t("chart.table")), body);
  details.addEventListener("toggle", () => details.open && !body.hasChildNodes() && fill(body, table(asked())));
  return details;
}

function values(chart) {
  const [x, y] = [chart.x_label || "x", chart.y_label || "y"];
  const names = chart.y_data.map((_, index) => chart.marker_name?.[index] || (chart.y_data.length === 1 ? y : `${index + 1}`));
  const [xs] = chart.x_data;
  const shared = chart.x_data.every((other) => other.length === xs.length && other.every((one, at) => one === xs[at]));
  const rows = shared ? xs.map((one, at) => [value(one), ...chart.y_data.map((ys) => value(ys[at]))]) : chart.x_data.flatMap((own, index) => own.map((one, at) => [names[index], value(one), value(chart.y_data[index][at])]));
  const heads = shared ? [x, ...names] : [t("chart.series"), x, y];
  return { heads, rows };
}

function table({ heads, rows }) {
  return [
    h(
      "table",
      { class: "table" },
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.slice(0, MOST).map(([first, ...others]) => h("tr", {}, h("th", { scope: "row", class: "number" }, first), others.map((one) => h("td", { class: "number" }, one))))),
    ),
    rows.length > MOST ? h("p", { class: "muted" }, t("case.more", { count: rows.length - MOST })) : null,
  ];
}
