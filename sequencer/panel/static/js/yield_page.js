// Yield, first-pass yield and which cases fail, over a chosen time.

import { address, get } from "./api.js";
import { fill, h, icon, show, token } from "./dom.js";
import { SLOT_FIELD, filterBar, isFiltered, readFilters, timeParameters, writeFilters } from "./filters.js";
import { noRuns } from "./no_runs.js";
import { question } from "./question.js";
import { slotYield } from "./slot_yield.js";
import { countsText } from "./status_filter.js";
import { whenStored } from "./stored.js";
import { amount, duration, percent, t } from "./text.js";

const NAMES = ["sequence", "part_number", "stand", ...Object.keys(SLOT_FIELD)];

export function yieldPage() {
  const filters = readFilters(NAMES);
  const body = h("div", { class: "yield-body" });
  const csv = h("a", { class: "button small", download: "statistics.csv" }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "statistics.json" }, icon("download"), "JSON");

  const load = question(body, {
    ask(signal) {
      const parameters = { ...Object.fromEntries(NAMES.map((name) => [name, filters[name]])), ...timeParameters(filters) };
      csv.href = address("/api/statistics", { ...parameters, format: "csv" });
      json.href = address("/api/statistics", { ...parameters, format: "json" });
      return get("/api/statistics", parameters, signal);
    },
    answered(found) {
      for (const link of [csv, json]) show(link, found.runs);
      fill(body, shown(found, filters));
    },
    failed: (text) => fill(body, h("p", { class: "empty muted" }, text)),
  });

  whenStored(body, load);
  load();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.yield")), h("span", { class: "spacer" }), csv, json),
    filterBar({ sequence: "text", part_number: "text", stand: "text", ...SLOT_FIELD, span: "span" }, filters, () => {
      writeFilters(filters);
      load();
    }),
    body,
  );
}

function shown(found, filters) {
  if (!found.runs) return h("div", { class: "empty muted" }, noRuns(isFiltered(filters, NAMES)));
  const most = Math.max(1, ...found.failures.map((failure) => failure.runs));
  return [
    h(
      "div",
      { class: "tiles" },
      tile("yield.yield", percent(found.yield), t("yield.of_runs", { passed: amount(found.passed), all: amount(found.judged) })),
      tile("yield.first_pass", percent(found.first_pass_yield), t("yield.of_units", { passed: amount(found.first_passed), all: amount(found.units) })),
      tile("yield.runs", amount(found.runs), countsText({ failed: found.failed, error: found.error, stopped: found.stopped })),
      tile("yield.time", found.mean_seconds === null ? "—" : duration(found.mean_seconds, { fine: true }), t("yield.time_note")),
    ),
    slotYield(found.slots ?? [], filters),
    h(
      "section",
      { class: "card pareto" },
      h("h2", {}, t("yield.failures")),
      found.failures.length
        ? h(
            "ol",
            {},
            found.failures.slice(0, 30).map((failure) =>
              h(
                "li",
                {},
                h("a", { href: address("/measurements", { ...filters, case: failure.case }), class: "pareto-name" }, token(failure.case)),
                h("meter", { min: 0, max: most, value: failure.runs, aria: { label: failure.case } }),
                h("span", { class: "number" }, String(failure.runs)),
                h("span", { class: "muted number" }, percent(failure.runs / found.runs)),
              ),
            ),
          )
        : h("p", { class: "muted" }, t("yield.no_failures")),
    ),
  ];
}

function tile(label, figure, note) {
  return h("section", { class: "card tile" }, h("h2", {}, t(label)), h("p", { class: "tile-figure number" }, figure), h("p", { class: "muted" }, note));
}
