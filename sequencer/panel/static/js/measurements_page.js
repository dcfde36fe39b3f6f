// All measurements in one table: how they fit their limits, what yield they cost, where they are going; the worst first.

import { address, get } from "./api.js";
import { addressOf, parametersOf, valueText } from "./figure_choice.js";
import { figurePage } from "./figure_page.js";
import { fill, h, icon, newId, setAria, word } from "./dom.js";
import { graded, quantity, range, ratio, spread } from "./quantity.js";
import { sparkline } from "./sparkline.js";
import { amount, percent, t } from "./text.js";

/** Rows at first; a sequence has more measurements than anybody looks through. */
const ROWS = 200;
/** Columns of numbers, with 1 where the highest is the worst, -1 where the lowest is, 0 where neither is. */
const FIGURES = { ppk: -1, pp: -1, cpk: -1, cp: -1, lost: 1, mean: 0, sigma: 1, n: 1, outside: 1 };
const SHOWN = { ppk: (row) => ratio(row.ppk), pp: (row) => ratio(row.pp), cpk: (row) => ratio(row.cpk), cp: (row) => ratio(row.cp), lost: (row) => percent(row.lost, 2), mean: (row) => quantity(row.mean, row.unit), sigma: (row) => spread(row.sigma, row.unit), n: (row) => amount(row.n), outside: (row) => amount(row.outside) };

export function measurementsPage() {
  return figurePage({
    title: t("nav.measurements"),
    files: (choice, time) => address("/api/figures/measurements", parametersOf(choice, time, { by: choice.by })),
    ask: (choice, time, signal) => Promise.all([get("/api/figures/measurements", parametersOf(choice, time, { by: choice.by }), signal)]),
    shown: ([found], choice) => (found.rows.length ? table(found.rows.map((row) => ({ ...row, outside: row.below + row.above })), choice) : h("div", { class: "empty muted" }, t("measurements.none"))),
  });
}

/** The page of one measurement, with the same choice of runs. */
export function measurementAddress(choice, { sequence, case: of, measurement, unit, by }) {
  const page = addressOf("/measurements/one", choice, { sequence, ...by, by: [], span: "", case: of, measurement });
  // One without a unit is another one than one in volts.
  return `${page}&unit=${encodeURIComponent(unit ?? "")}`;
}

function table(rows, choice) {
  const query = new URLSearchParams(window.location.search);
  const splits = choice.by.map((name) => t(`filter.${name}`));
  let sorted = query.get("sort") in FIGURES ? query.get("sort") : "ppk";
  let reversed = query.has("reversed");
  let shown = ROWS;
  const find = h("input", { id: newId("find"), type: "search", value: query.get("find") ?? query.get("case") ?? "", autocomplete: "off", oninput: () => render() });
  const heads = Object.fromEntries(
    Object.keys(FIGURES).map((name) => [
      name,
      h("th", { scope: "col", class: "number" }, h("button", { type: "button", class: "sort", title: t(`measurements.${name}_note`), onclick: () => sort(name) }, t(`measurements.${name}`), h("span", { class: "sort-mark" }))),
    ]),
  );
  const body = h("tbody", {});
  const note = h("p", { class: "muted figures-rest", role: "status" });
  const more = h("button", { type: "button", class: "button small", onclick: () => ((shown += ROWS), render()) }, t("history.more"));

  function sort(name) {
    reversed = name === sorted && !reversed;
    sorted = name;
    render();
  }

  function render() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => words.every((one) => `${row.case} ${row.measurement} ${row.unit ?? ""} ${row.sequence}`.toLowerCase().includes(one)));
    const order = (FIGURES[sorted] || 1) * (reversed ? -1 : 1);
    // What cannot be said comes last, whatever is sorted.
    found.sort((a, b) => (a[sorted] === null) - (b[sorted] === null) || order * (b[sorted] - a[sorted]) || 0);
    for (const [name, head] of Object.entries(heads)) {
      setAria(head, "sort", name === sorted ? (order > 0 ? "descending" : "ascending") : null);
      fill(head.firstChild.lastChild, name === sorted ? icon(order > 0 ? "down" : "up") : null);
    }
    fill(body, found.slice(0, shown).map((row) => measurementRow(row, choice)));
    fill(note, found.length ? t("measurements.count", { shown: amount(Math.min(shown, found.length)), all: amount(rows.length) }) : t("measurements.none_found"), " ", found.length > shown ? more : null);
    keep({ sort: sorted === "ppk" ? "" : sorted, reversed: reversed ? "1" : "", find: find.value });
  }

  render();
  const label = t("nav.measurements");
  return h(
    "section",
    { class: "card figures-split measurements" },
    h("div", { class: "card-controls" }, h("div", { class: "field" }, h("label", { htmlFor: find.id }, t("measurements.find")), find)),
    h(
      "div",
      { class: "table-scroll", tabIndex: 0, role: "region", aria: { label } },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("series.measurement")), splits.map((name) => h("th", { scope: "col" }, name)), h("th", { scope: "col" }, t("overview.trend")), Object.values(heads), h("th", { scope: "col" }, t("measurements.limits")))), body),
    ),
    note,
  );
}

/** Puts what the page itself shows into its address; nothing that is as it always is. */
function keep(more) {
  const query = new URLSearchParams(window.location.search);
  query.delete("case");
  for (const [name, value] of Object.entries(more)) {
    query.delete(name);
    if (value) query.set(name, value);
  }
  const written = query.toString();
  history.replaceState(history.state, "", window.location.pathname + (written ? `?${written}` : ""));
}

function measurementRow(row, choice) {
  const { case: of, measurement, sequence, unit } = row;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { href: measurementAddress(choice, row) }, word(measurement)), unit ? ` (${unit})` : null, h("div", { class: "muted figures-id" }, `${of} · ${sequence}`)),
    Object.entries(row.by ?? {}).map(([name, value]) => h("td", {}, valueText(name, value))),
    h("td", {}, sparkline(row.trend)),
    Object.keys(FIGURES).map((name) => h("td", { class: ["number", name === "ppk" ? `strong ${graded(row.ppk)}` : "", name === "cpk" ? graded(row.cpk) : "", name === "lost" && row.lost ? "is-failed" : ""].join(" ") }, SHOWN[name](row))),
    h("td", { class: "number" }, range(row.lower, row.upper, unit)),
  );
}
