// A measurement's values over the runs, against its limits, with the capability of the process.

import { address, get } from "./api.js";
import { chartBox } from "./chart.js";
import { fill, h, icon, newId } from "./dom.js";
import { filterBar, readFilters, timeParameters, writeFilters } from "./filters.js";
import { number, t } from "./text.js";

const NAMES = ["sequence", "part_number", "stand", "case", "measurement"];

export async function seriesPage() {
  const filters = readFilters(NAMES, { span: "all" });
  const body = h("div", { class: "series-body", aria: { live: "polite" } });
  const select = h("select", { id: newId("series"), onchange: chosen });
  const csv = h("a", { class: "button small", download: "series.csv" }, icon("download"), "CSV");
  const json = h("a", { class: "button small", download: "series.json" }, icon("download"), "JSON");
  let names = [];

  async function loadNames() {
    names = (await get("/api/series/names", { sequence: filters.sequence })).series;
    const groups = new Map();
    for (const [index, name] of names.entries()) {
      const group = `${name.sequence} · ${name.case}`;
      if (!groups.has(group)) groups.set(group, h("optgroup", { label: group }));
      groups.get(group).append(h("option", { value: String(index) }, `${name.measurement}${name.unit ? ` (${name.unit})` : ""}`));
    }
    fill(select, [...groups.values()]);
    const wanted = names.findIndex((name) => name.case === filters.case && (!filters.measurement || name.measurement === filters.measurement));
    if (names.length) {
      select.selectedIndex = Math.max(0, wanted);
      await chosen();
    } else {
      fill(body, h("p", { class: "empty muted" }, t("series.none")));
    }
  }

  async function chosen() {
    const name = names[Number(select.value)];
    if (!name) return;
    Object.assign(filters, { case: name.case, measurement: name.measurement });
    writeFilters(filters);
    const parameters = { case: name.case, measurement: name.measurement, sequence: name.sequence, part_number: filters.part_number, stand: filters.stand, limit: 2000, ...timeParameters(filters) };
    csv.href = address("/api/series", { ...parameters, format: "csv" });
    json.href = address("/api/series", parameters);
    try {
      fill(body, shown(await get("/api/series", parameters)));
    } catch (error) {
      fill(body, h("p", { class: "empty muted" }, error.message));
    }
  }

  const page = h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page" },
    h("header", { class: "page-head" }, h("h1", {}, t("nav.measurements")), h("span", { class: "spacer" }), csv, json),
    h("div", { class: "card series-choice field" }, h("label", { htmlFor: select.id }, t("series.measurement")), select),
    filterBar({ sequence: "text", part_number: "text", stand: "text", span: "span" }, filters, () => {
      writeFilters(filters);
      loadNames();
    }),
    body,
  );
  try {
    await loadNames();
  } catch (error) {
    fill(body, h("p", { class: "empty muted" }, error.message));
  }
  return page;
}

function shown(series) {
  const { points, capability: found } = series;
  if (!points.length) return h("p", { class: "empty muted" }, t("history.empty"));
  const unit = series.unit ? ` ${series.unit}` : "";
  const said = (value) => (value === null ? "—" : `${number(Number(value.toPrecision(6)))}${unit}`);
  const ratio = (value) => (value === null ? "—" : value.toFixed(2));
  const grade = (value) => (value === null ? "" : value >= 1.33 ? "is-passed" : value >= 1 ? "is-stopped" : "is-failed");
  return [
    h(
      "div",
      { class: "tiles" },
      tile("Cp", ratio(found.cp), t("series.cp"), grade(found.cp)),
      tile("Cpk", ratio(found.cpk), t("series.cpk"), grade(found.cpk)),
      tile(t("series.mean"), said(found.mean), `σ ${said(found.stdev)}`),
      tile(t("series.range"), `${said(found.minimum)} … ${said(found.maximum)}`, `${t("series.limits")}: ${said(found.lower)} … ${said(found.upper)}`),
      tile(t("series.values"), String(found.count), found.missing ? t("series.missing", { count: found.missing }) : ""),
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
