// One measurement: its values over time and in bins against its limits, control charts, boxes, what goes with it, limits in force.

import { address, get } from "./api.js";
import { boxChart, controlChart, histogramChart, scatterChart, valuesChart } from "./measurement_charts.js";
import { addressOf, FILTERS, parametersOf, valueText } from "./figure_choice.js";
import { figurePage } from "./figure_page.js";
import { fill, h, newId, token } from "./dom.js";
import { question } from "./question.js";
import { correlation, graded, quantity, range, ratio, spread, withUnit } from "./quantity.js";
import { entitle } from "./title.js";
import { amount, moment, t } from "./text.js";

const SUBGROUPS = ["1", "2", "3", "4", "5", "10", "25", "hour", "shift", "day"];
const RULES = ["western_electric", "nelson", "none"];
const OTHERS = 30;

export function measurementPage() {
  const query = new URLSearchParams(window.location.search);
  const of = { case: query.get("case") ?? "", measurement: query.get("measurement") ?? "" };
  const unit = query.get("unit");
  /** The address of a question about it; a measurement without a unit is another one than one in volts. */
  const about = (name, choice, time, more = {}) => {
    const asked = address(`/api/figures/${name}`, parametersOf(choice, time, { ...of, ...more }));
    return unit === null ? asked : `${asked}&unit=${encodeURIComponent(unit)}`;
  };
  const page = figurePage({
    title: of.measurement,
    files: (choice, time) => about("values", choice, time, { by: choice.by }),
    ask: (choice, time, signal) => Promise.all([get(about("capability", choice, time), {}, signal), get(about("values", choice, time, { by: choice.by }), {}, signal), get(about("histogram", choice, time, { by: choice.by }), {}, signal)]),
    shown: ([found, values, bins], choice, time) => (found.rows.length ? cards({ row: found.rows[0], values: values.rows, bins: bins.rows, choice, ask: (name, more) => about(name, choice, time, more) }) : h("div", { class: "empty muted" }, t("series.none", { name: of.measurement || of.case }))),
  });
  entitle(page, `${of.measurement} · ${of.case}`);
  return page;
}

function cards({ row, values, bins, choice, ask }) {
  const turn = inTurn();
  return [
    h("p", { class: "measurement-of" }, h("a", { href: addressOf("/measurements", choice) }, t("nav.measurements")), h("span", { aria: { hidden: "true" } }, "›"), h("span", {}, token(row.case), " · ", row.sequence, row.unit ? ` · ${row.unit}` : null)),
    tiles(row, bins),
    h("section", { class: "card" }, valuesChart(row, values, choice)),
    h("div", { class: "figures-charts" }, histogramChart(row, bins, choice), boxes(row, choice, ask, turn)),
    control(row, choice, ask, turn),
    scatter(row, choice, ask, turn),
    limits(row, ask, turn),
  ];
}

/** Two questions at a time, in their order: the panel answers few at a time, and who reads begins above. */
function inTurn() {
  const lanes = [Promise.resolve(), Promise.resolve()];
  return (ask) => {
    const mine = lanes.shift().then(ask, ask);
    lanes.push(mine.catch(() => {}));
    return mine;
  };
}

function tiles(row, bins) {
  const target = bins.find((one) => one.target !== null)?.target ?? null;
  return h(
    "div",
    { class: "tiles measurement-tiles" },
    tile("ppk", ratio(row.ppk), t("series.ppk_note", { pp: ratio(row.pp) }), graded(row.ppk)),
    tile("cpk", ratio(row.cpk), t("series.cpk_note", { cp: ratio(row.cp) }), graded(row.cpk)),
    tile("mean", quantity(row.mean, row.unit), t("series.sigma_note", { sigma: spread(row.sigma, row.unit), within: spread(row.sigma_within, row.unit) })),
    tile("limits", range(row.lower, row.upper, row.unit), target === null ? t("series.no_target") : t("series.target_note", { target: quantity(target, row.unit) })),
    tile("n", amount(row.n), t("series.outside_note", { below: amount(row.below), above: amount(row.above) })),
  );
}

function tile(name, figure, note, kind = "") {
  return h("section", { class: `card tile ${kind}`, data: { figure: name } }, h("h2", {}, t(`measurements.${name}`)), h("p", { class: "tile-figure number" }, figure), h("p", { class: "muted" }, note));
}

/**
 * A card whose figures come by a question of their own, with choices that stand in the address: `choices` are
 * `[name, label, [[value, text], ...]]`, the first value being what it is where nothing is said.
 */
function card(name, { choices, ask, turn, shown }) {
  const body = h("div", { class: "measurement-body" });
  const selects = choices.map(([key, label, options]) => {
    const select = h("select", { id: newId(key), data: { key }, onchange: () => (keep(key, select.value === options[0][0] ? "" : select.value), load()) }, options.map(([value, text]) => h("option", { value }, text)));
    const said = new URLSearchParams(window.location.search).get(key);
    if (options.some(([value]) => value === said)) select.value = said;
    return [label, select];
  });
  const chosen = () => Object.fromEntries(selects.map(([, select]) => [select.dataset.key, select.value]));
  const load = question(body, {
    ask: (signal) => turn(() => get(ask(chosen()), {}, signal)),
    answered: ({ rows }) => fill(body, rows.length ? shown(rows, chosen()) : h("p", { class: "muted" }, t("series.nothing"))),
    failed: (text) => fill(body, h("p", { class: "muted" }, text)),
  });
  load();
  return h("section", { class: `card measurement-card measurement-${name}` }, h("div", { class: "card-controls" }, selects.map(([label, select]) => h("div", { class: "field" }, h("label", { htmlFor: select.id }, label), select))), body);
}

function keep(name, value) {
  const query = new URLSearchParams(window.location.search);
  if (value) query.set(name, value);
  else query.delete(name);
  history.replaceState(history.state, "", `${window.location.pathname}?${query}`);
}

function boxes(row, choice, ask, turn) {
  // What is chosen already cannot tell values apart.
  const names = ["stand", "slot", "version", "batch", "part_number", "operator"].filter((name) => FILTERS.includes(name) && !choice[name]);
  return card("boxes", {
    choices: [["box", t("series.box_by"), names.map((name) => [name, t(`filter.${name}`)])]],
    ask: ({ box }) => ask("box", { by: [box] }),
    turn,
    shown: (rows, { box }) => boxChart(row, rows, { name: t(`filter.${box}`), of: (one) => valueText(box, one.by[box]) }),
  });
}

function control(row, choice, ask, turn) {
  const subgroups = SUBGROUPS.map((size) => [size, size === "1" ? t("series.individuals") : /^\d+$/.test(size) ? t("series.subgroup_of", { size }) : t(`per.${size}`)]);
  return card("control", {
    choices: [
      ["subgroup", t("series.subgroup"), subgroups],
      ["rules", t("series.rules"), RULES.map((name) => [name, t(`series.rules.${name}`)])],
    ],
    ask: ({ subgroup }) => ask("control", { subgroup }),
    turn,
    shown: ([chart], { subgroup, rules }) => controlChart(row, chart, { rules, single: subgroup === "1" }),
  });
}

function scatter(row, choice, ask, turn) {
  const body = h("div", { class: "measurement-body" });
  const select = h("select", { id: newId("other"), onchange: () => (keep("other", select.value), load()) });
  const unitOf = (value) => JSON.parse(value);
  const load = question(body, {
    ask: (signal) =>
      turn(() => {
        const [other_case, other_measurement, other_unit] = unitOf(select.value);
        return get(`${ask("scatter", { other_case, other_measurement })}&other_unit=${encodeURIComponent(other_unit)}`, {}, signal);
      }),
    answered: ({ rows }) => fill(body, rows.length ? scatterChart(row, rows[0]) : h("p", { class: "muted" }, t("series.nothing"))),
    failed: (text) => fill(body, h("p", { class: "muted" }, text)),
  });
  const offer = question(body, {
    ask: (signal) => turn(() => get(ask("correlations"), {}, signal)),
    answered({ rows }) {
      const options = rows.slice(0, OTHERS).map((one) => [JSON.stringify([one.case, one.measurement, one.unit ?? ""]), `${withUnit(one.measurement, one.unit)} · ${correlation(one.r)}`]);
      fill(select, options.map(([value, text]) => h("option", { value }, text)));
      const said = new URLSearchParams(window.location.search).get("other");
      if (options.some(([value]) => value === said)) select.value = said;
      if (options.length) load();
      else fill(body, h("p", { class: "muted" }, t("series.no_others")));
    },
    failed: (text) => fill(body, h("p", { class: "muted" }, text)),
  });
  offer();
  return h("section", { class: "card measurement-card measurement-scatter" }, h("div", { class: "card-controls" }, h("div", { class: "field" }, h("label", { htmlFor: select.id }, t("series.against")), select)), body);
}

function limits(row, ask, turn) {
  const heads = ["lower", "target", "upper", "n", "since", "until"];
  return card("limits", {
    choices: [],
    ask: () => ask("limits"),
    turn,
    shown: (rows) => [
      h("h2", {}, t("series.limits_title")),
      h(
        "div",
        { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("series.limits_title") } },
        h(
          "table",
          { class: "table" },
          h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, t(`series.limits.${head}`))))),
          h("tbody", {}, rows.map((one) => h("tr", {}, ["lower", "target", "upper"].map((name) => h("td", { class: "number" }, quantity(one[name], row.unit))), h("td", { class: "number" }, amount(one.n)), ["since", "until"].map((name) => h("td", { class: "number" }, moment(one[name])))))),
        ),
      ),
    ],
  });
}
