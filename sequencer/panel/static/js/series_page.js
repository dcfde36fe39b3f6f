// A measurement's values over the runs, against its limits, with the capability of the process.

import { address, get } from "./api.js";
import { chartBox } from "./chart.js";
import { fill, h, icon, newId, show } from "./dom.js";
import { SLOT_FIELD, filterBar, isFiltered, readFilters, timeParameters, writeFilters } from "./filters.js";
import { noneYet, noRuns } from "./no_runs.js";
import { question } from "./question.js";
import { state } from "./state.js";
import { amount, fixed, measured, number, t } from "./text.js";

const CHOICE = ["sequence", "case", "measurement", "unit"];
const NAMES = ["part_number", "stand", ...Object.keys(SLOT_FIELD)];
const MOST = 1000;

export function seriesPage() {
  const filters = readFilters([...CHOICE, ...NAMES]);
  const body = h("div", { class: "series-body" });
  const sequences = h("select", { id: newId("series"), onchange: () => choose(names.find((name) => name.sequence === sequences.value)) });
  const measurements = h("select", { id: newId("series"), onchange: () => choose(names[measurements.value]) });
  const csv = h("a", { class: "button small", download: "series.csv", hidden: true }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "series.json", hidden: true }, icon("download"), "JSON");
  let names = [];

  const loadNames = question(body, {
    ask: (signal) => get("/api/series/names", {}, signal),
    answered(found) {
      names = found.series;
      const meant = names.filter((name) => CHOICE.every((part) => !filters[part] || name[part] === filters[part]));
      // Without a choice it is what this stand runs.
      const wanted = meant.find((name) => name.sequence === state.run?.sequence.name) ?? meant[0];
      fill(sequences, [...new Set(names.map((name) => name.sequence))].map((name) => h("option", { value: name }, name)));
      if (wanted) {
        choose(wanted);
        return;
      }
      offer(null);
      for (const one of [choice, bar]) show(one, names.length);
      if (names.length) say(t("series.unmeasured", { case: filters.case }));
      else fill(body, h("div", { class: "empty muted" }, noneYet(t("series.none"))));
    },
    failed: say,
  });

  const load = question(body, {
    ask(signal) {
      for (const [link, format] of [[csv, "csv"], [json, "json"]]) {
        link.href = values({ format });
        show(link, true);
      }
      return get(values({ limit: MOST }), {}, signal);
    },
    answered: (found) => fill(body, shown(found, isFiltered(filters, NAMES))),
    failed: say,
  });

  /** The address of the chosen values; a measurement without a unit is another one than one in volts. */
  function values(more) {
    const { sequence, case: of, measurement, unit, part_number, stand } = filters;
    return `${address("/api/series", { case: of, measurement, sequence, part_number, stand, ...timeParameters(filters), ...more })}&unit=${encodeURIComponent(unit)}`;
  }

  function choose(name) {
    for (const part of CHOICE) filters[part] = name[part] ?? "";
    writeFilters(filters);
    offer(name);
    load();
  }

  /** Fills the list with the measurements of the sequence of `chosen`, or of the one that is asked for. */
  function offer(chosen) {
    sequences.value = chosen?.sequence ?? filters.sequence;
    if (sequences.selectedIndex < 0) sequences.selectedIndex = 0;
    const options = [...names.entries()].filter(([, name]) => name.sequence === sequences.value);
    fill(measurements, options.map(([index, name]) => h("option", { value: String(index) }, `${name.case} · ${name.measurement}${name.unit ? ` (${name.unit})` : ""}`)));
    measurements.value = chosen ? String(names.indexOf(chosen)) : "";
  }

  function say(text) {
    fill(body, h("p", { class: "empty muted" }, text));
  }

  const choice = h("div", { class: "card series-choice" }, [["filter.sequence", sequences], ["series.measurement", measurements]].map(([label, select]) => h("div", { class: "field" }, h("label", { htmlFor: select.id }, t(label)), select)));
  const bar = filterBar({ part_number: "text", stand: "text", ...SLOT_FIELD, span: "span" }, filters, () => {
    writeFilters(filters);
    if (measurements.value) load();
  });
  loadNames();
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.measurements")), h("span", { class: "spacer" }), csv, json),
    choice,
    bar,
    body,
  );
}

function shown(series, filtered) {
  const { points, capability: found } = series;
  if (!points.length) return h("div", { class: "empty muted" }, noRuns(filtered));
  const said = (value) => (value === null ? "—" : measured(number(Number(value.toPrecision(6))), series.unit));
  const ratio = (value) => (value === null ? "—" : fixed(value, 2));
  const grade = (value) => (value === null ? "" : value >= 1.33 ? "is-passed" : value >= 1 ? "is-stopped" : "is-failed");
  const notes = [points.length === MOST ? t("series.newest") : null, found.missing ? t("series.missing", { count: found.missing }) : null];
  const limits = found.lower === null && found.upper === null ? "" : `${t("series.limits")}: ${said(found.lower)} … ${said(found.upper)}`;
  return [
    h(
      "div",
      { class: "tiles" },
      tile("Cp", ratio(found.cp), t("series.cp"), grade(found.cp)),
      tile("Cpk", ratio(found.cpk), t("series.cpk"), grade(found.cpk)),
      tile(t("series.mean"), said(found.mean), `σ ${said(found.stdev)}`),
      tile(t("series.range"), `${said(found.minimum)} … ${said(found.maximum)}`, found.limits_changed ? `${limits} (${t("series.changed")})` : limits),
      tile(t("series.values"), amount(found.count), notes.filter(Boolean).join(" · ")),
    ),
    h("section", { class: "card" }, chartBox(`${series.measurement} – ${series.case}`, async () => chartOf(series))),
  ];
}

function chartOf(series) {
  const xs = series.points.map((point, index) => index + 1);
  const lines = [[series.measurement, series.points.map((point) => point.value)]];
  for (const [name, key] of [[t("series.lower"), "lower"], [t("series.upper"), "upper"]]) {
    if (series.points.some((point) => point[key] !== null)) lines.push([name, series.points.map((point) => point[key])]);
  }
  return {
    type: "line",
    title: series.measurement,
    x_label: t("series.run_number"),
    y_label: series.unit ? `${series.measurement}, ${series.unit}` : series.measurement,
    marker_name: lines.map(([name]) => name),
    x_data: lines.map(() => xs),
    y_data: lines.map(([, ys]) => ys),
  };
}

function tile(label, figure, note, kind = "") {
  return h("section", { class: `card tile ${kind}` }, h("h2", {}, label), h("p", { class: "tile-figure number" }, figure), h("p", { class: "muted" }, note));
}
