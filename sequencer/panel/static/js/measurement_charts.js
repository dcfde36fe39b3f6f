// The charts of one measurement: what ECharts draws of the answers about it, in the looks of the pages.

import { valueText } from "./figure_choice.js";
import { figureChart } from "./figure_chart.js";
import { goTo } from "./figure_page.js";
import { h } from "./dom.js";
import { correlation, quantity, range, spread, withUnit } from "./quantity.js";
import { amount, currentLocale, moment, number, percent, t } from "./text.js";
import { unitLink } from "./unit_link.js";

const SYMBOLS = ["circle", "rect", "triangle", "diamond"];
/** Limits farther away than so many times the width of all bins would make them one line. */
const NEAR = 1.5;
/** The name of an axis begins where it stands, else a long one is cut. */
const LEFT = { nameTextStyle: { align: "left" } };
/** Places at which the normal distribution is drawn. */
const STEPS = 80;

/** Where a chart is drawn, in rem: legend, names of axes and their labels need the rest. */
const room = ({ rem }, { top = 2.4, bottom = 0.4 }) => ({ left: 0.4 * rem, right: 0.9 * rem, top: top * rem, bottom: bottom * rem, containLabel: true });

const runAddress = (id) => `/runs/${encodeURIComponent(id)}`;
const runLink = (id, text) => h("a", { href: runAddress(id) }, text);
const serial = (row) => (row.serial_number === null ? "—" : unitLink(row.serial_number));
const openRun = ({ data }) => data?.run && goTo(runAddress(data.run));
/** A day and a time of day, as short as a place at an axis. */
const brief = (seconds) => new Intl.DateTimeFormat(currentLocale(), { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);
const label = (text) => ({ formatter: text, position: "insideEndTop" });

/** What a row of a split is called; nothing where there is no split. */
function splitText(row, choice) {
  return choice.by.map((name) => valueText(name, row.by[name])).join(" · ");
}

/** Values over time, a colour for each split, with the limits that each was judged by; a point leads to its run. */
export function valuesChart({ measurement, unit }, rows, choice) {
  const { compare } = new Intl.Collator(currentLocale(), { numeric: true });
  const groups = [...Map.groupBy(rows, (row) => splitText(row, choice))].sort(([one], [other]) => compare(one, other));
  const isOut = (row) => (row.lower !== null && row.value < row.lower) || (row.upper !== null && row.value > row.upper);
  const steps = (name) => rows.filter((row, at) => at === 0 || at === rows.length - 1 || row[name] !== rows[at - 1][name]).map((row) => [row.start_time * 1000, row[name]]);
  return figureChart({
    title: t("series.over_time"),
    summary: t("series.points", { count: amount(rows.length) }),
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "item" },
      dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl" }],
      grid: room(look, { top: 3.6 }),
      xAxis: { type: "time" },
      yAxis: { type: "value", scale: true, name: withUnit(measurement, unit), ...LEFT },
      series: [
        ...groups.map(([name, points], at) => ({
          name: name || measurement,
          type: "scatter",
          symbol: SYMBOLS[at % SYMBOLS.length],
          symbolSize: 0.4 * look.rem,
          color: look.series[at % look.series.length],
          cursor: "pointer",
          data: points.map((row) => ({ value: [row.start_time * 1000, row.value], run: row.id, row, ...(isOut(row) ? { itemStyle: { color: look.failed, borderColor: look.ink, borderWidth: 1 } } : {}) })),
        })),
        ...["lower", "upper"].filter((name) => rows.some((row) => row[name] !== null)).map((name) => ({ name: t(`series.${name}`), type: "line", step: "end", showSymbol: false, silent: true, color: look.failed, lineStyle: { type: "dashed", width: 1.5 }, data: steps(name) })),
      ],
    }),
    tip: ({ data: { row } }) => ({ title: moment(row.start_time), lines: [[measurement, quantity(row.value, unit)], [t("history.serial_number"), row.serial_number ?? "—"], ...choice.by.map((name) => [t(`filter.${name}`), valueText(name, row.by[name])])] }),
    chosen: openRun,
    table: () => ({ heads: [t("history.start_time"), t("history.serial_number"), ...choice.by.map((name) => t(`filter.${name}`)), withUnit(measurement, unit)], rows: rows.toReversed().map((row) => [runLink(row.id, moment(row.start_time)), serial(row), ...choice.by.map((name) => valueText(name, row.by[name])), number(row.value)]) }),
  });
}

/** How values are distributed: bins with the normal distribution of the same mean and sigma; a line for each of several splits. */
export function histogramChart(of, rows, choice) {
  const { measurement, unit } = of;
  const split = choice.by.length > 0 && rows.length > 1;
  const { bins } = rows[0];
  const [low, high] = [bins[0].from, bins.at(-1).to];
  const reach = (high - low) * NEAR;
  const marks = [["lower", of.lower], ["upper", of.upper], ["target", rows[0].target], ["mean", of.mean]].filter(([, at]) => at !== null && at >= low - reach && at <= high + reach);
  const ends = [Math.min(low, ...marks.map(([, at]) => at)), Math.max(high, ...marks.map(([, at]) => at))];
  const margin = (ends[1] - ends[0]) * 0.03;
  const beside = rows.reduce((sum, row) => sum + row.under + row.over, 0);
  // By default ECharts draws a mark at its value rounded to hundredths.
  const markLine = (look) => ({ silent: true, symbol: "none", precision: -1, data: marks.map(([name, at]) => ({ xAxis: at, label: { formatter: t(`series.mark.${name}`) }, lineStyle: { color: { lower: look.failed, upper: look.failed, target: look.passed, mean: look.muted }[name], type: name === "mean" ? "dotted" : "dashed", width: 2 } })) });
  return figureChart({
    title: t("series.histogram"),
    summary: beside ? t("series.beside", { count: amount(beside) }) : "",
    option: (look) => ({
      ...(split ? { legend: {} } : {}),
      tooltip: { trigger: split ? "axis" : "item" },
      xAxis: { type: "value", min: ends[0] - margin, max: ends[1] + margin, axisLabel: { showMinLabel: false, showMaxLabel: false }, name: withUnit(measurement, unit), nameLocation: "middle", nameGap: 1.8 * look.rem },
      yAxis: { type: "value", ...(split ? { axisLabel: { formatter: (value) => percent(value, 0) } } : {}) },
      grid: room(look, { bottom: 1.6 }),
      series: split ? splitLines(rows, choice, look, markLine(look)) : [bars(bins, look, markLine(look)), normal(rows[0], look)].filter(Boolean),
    }),
    tip: (params) => (split ? { title: quantity([params].flat()[0].value[0], unit), lines: [params].flat().map((one) => [one.seriesName, percent(one.value[1])]) } : { title: range(params.data.bin.from, params.data.bin.to, unit), lines: [[t("series.values"), amount(params.data.bin.count)]] }),
    table: () => ({ heads: [withUnit(measurement, unit), ...(split ? rows.map((row) => splitText(row, choice)) : [t("series.values")])], rows: bins.map((bin, at) => [`${number(bin.from)} … ${number(bin.to)}`, ...rows.map((row) => amount(row.bins[at].count))]) }),
  });
}

function bars(bins, look, markLine) {
  return {
    name: t("series.values"),
    type: "custom",
    color: look.accent,
    encode: { x: [0, 1], y: 2 },
    data: bins.map((bin) => ({ value: [bin.from, bin.to, bin.count], bin })),
    renderItem(params, api) {
      const [left, top] = api.coord([api.value(0), api.value(2)]);
      const [right, bottom] = api.coord([api.value(1), 0]);
      return { type: "rect", shape: { x: left + 0.5, y: top, width: Math.max(1, right - left - 1), height: bottom - top }, style: { fill: api.visual("color") } };
    },
    markLine,
  };
}

/** The normal distribution of the same mean and sigma, as many values as there are. */
function normal({ n, mean, sigma, bins }, look) {
  if (!sigma) return null;
  const width = bins[0].to - bins[0].from;
  const data = Array.from({ length: STEPS + 1 }, (_, at) => {
    const z = -4 + (8 * at) / STEPS;
    return [mean + z * sigma, (n * width * Math.exp((-z * z) / 2)) / (sigma * Math.sqrt(2 * Math.PI))];
  });
  return { name: t("series.normal"), type: "line", smooth: true, showSymbol: false, silent: true, color: look.ink, lineStyle: { width: 2 }, data };
}

function splitLines(rows, choice, look, markLine) {
  return rows.map((row, at) => ({
    name: splitText(row, choice),
    type: "line",
    step: "middle",
    showSymbol: false,
    color: look.series[at % look.series.length],
    lineStyle: { type: ["solid", "dashed", "dotted"][at % 3] },
    data: row.bins.map((bin) => [(bin.from + bin.to) / 2, bin.count / row.n]),
    ...(at ? {} : { markLine }),
  }));
}

/** A box for each value of a split: the quartiles, whiskers, and the farthest values beyond. */
export function boxChart({ measurement, unit, lower, upper }, rows, { name, of }) {
  const labels = rows.map(of);
  const figures = ["minimum", "lower_whisker", "first_quartile", "median", "third_quartile", "upper_whisker", "maximum"];
  const limits = [["lower", lower], ["upper", upper]].filter(([, at]) => at !== null);
  const far = rows.flatMap((row, at) => [row.minimum < row.lower_whisker ? [at, row.minimum] : null, row.maximum > row.upper_whisker ? [at, row.maximum] : null].filter(Boolean));
  return figureChart({
    title: t("series.boxes"),
    option: (look) => ({
      tooltip: { trigger: "item" },
      grid: room(look, {}),
      xAxis: { type: "category", data: labels },
      yAxis: { type: "value", scale: true, name: withUnit(measurement, unit), ...LEFT },
      series: [
        { name: measurement, type: "boxplot", itemStyle: { borderColor: look.accent }, data: rows.map((row) => figures.slice(1, 6).map((figure) => row[figure])), markLine: { silent: true, symbol: "none", data: limits.map(([side, at]) => ({ yAxis: at, label: label(t(`series.mark.${side}`)), lineStyle: { color: look.failed, type: "dashed" } })) } },
        { name: t("series.outliers"), type: "scatter", symbolSize: 0.4 * look.rem, color: look.failed, data: far },
      ],
    }),
    tip: ({ dataIndex, seriesType }) => {
      const row = rows[seriesType === "boxplot" ? dataIndex : far[dataIndex][0]];
      return { title: of(row), lines: [...figures.map((figure) => [t(`series.${figure}`), quantity(row[figure], unit)]), [t("series.values"), amount(row.n)], [t("series.outliers"), amount(row.outliers)]] };
    },
    table: () => ({ heads: [name, ...figures.map((figure) => t(`series.${figure}`)), t("series.values"), t("series.outliers")], rows: rows.map((row, at) => [labels[at], ...figures.map((figure) => number(row[figure])), amount(row.n), amount(row.outliers)]) }),
  });
}

/** Values or means with their control limits above, moving ranges or deviations below; marked where a rule says so. */
export function controlChart({ measurement, unit }, chart, { rules, single }) {
  const { points } = chart;
  const broken = (point) => point.rules.filter((rule) => rule.startsWith(rules));
  const spreads = t(single ? "series.moving_range" : "series.deviation");
  const value = single ? withUnit(measurement, unit) : t("series.mean_of", { name: withUnit(measurement, unit) });
  const named = (point) => broken(point).map((rule) => t(`series.rule.${rule}`)).join("; ");
  const marked = points.filter((point) => broken(point).length).length;
  const line = (look, name, key, panel) => ({ name, type: "line", step: "middle", showSymbol: false, silent: true, xAxisIndex: panel, yAxisIndex: panel, color: look.failed, lineStyle: { type: "dashed", width: 1.5 }, data: points.map((point) => point[key]) });
  const centre = (look, at) => ({ silent: true, symbol: "none", data: at === null ? [] : [{ yAxis: at, label: { show: false }, lineStyle: { color: look.muted, type: "solid" } }] });
  const labels = points.map((point) => brief(point.since));
  return figureChart({
    title: t(single ? "series.imr" : "series.xbar_s"),
    summary: rules === "none" ? "" : t("series.marked", { count: amount(marked) }),
    height: 28,
    option: (look) => ({
      legend: {},
      tooltip: { trigger: "axis" },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      dataZoom: [{ type: "inside", xAxisIndex: [0, 1], zoomOnMouseWheel: "ctrl" }],
      grid: [{ ...room(look, { top: 3.6 }), bottom: "42%" }, { ...room(look, {}), top: "66%" }],
      xAxis: [0, 1].map((panel) => ({ type: "category", gridIndex: panel, data: labels, axisLabel: { show: panel === 1, alignMinLabel: "left", alignMaxLabel: "right" } })),
      yAxis: [{ type: "value", scale: true, gridIndex: 0, name: value, ...LEFT }, { type: "value", gridIndex: 1, name: spreads, min: 0, ...LEFT }],
      series: [
        { name: value, type: "line", color: look.accent, cursor: "pointer", lineStyle: { width: 1.5 }, symbolSize: 0.35 * look.rem, symbol: "circle", showAllSymbol: true, markLine: centre(look, chart.centre), data: points.map((point) => (broken(point).length ? { value: point.value, run: point.id, symbol: "diamond", symbolSize: 0.8 * look.rem, itemStyle: { color: look.failed } } : { value: point.value, run: point.id })) },
        line(look, t("series.upper_control"), "upper", 0),
        line(look, t("series.lower_control"), "lower", 0),
        { name: spreads, type: "line", xAxisIndex: 1, yAxisIndex: 1, color: look.series[2], cursor: "pointer", lineStyle: { width: 1.5 }, symbolSize: 0.3 * look.rem, symbol: "circle", showAllSymbol: true, markLine: centre(look, chart.spread_centre), data: points.map((point) => ({ value: point.spread, run: point.id })) },
        line(look, t("series.upper_control_spread"), "spread_upper", 1),
      ],
    }),
    tip(params) {
      const point = points[params[0].dataIndex];
      const lines = [[value, quantity(point.value, unit)], [t("series.control_limits"), range(point.lower, point.upper, unit)], [spreads, spread(point.spread, unit)], [t("history.serial_number"), point.serial_number ?? "—"]];
      return { title: moment(point.since), lines: named(point) ? [...lines, [t("series.rules"), named(point)]] : lines };
    },
    chosen: openRun,
    table: () => ({ heads: [t("history.start_time"), t("history.serial_number"), value, spreads, t("series.rules")], rows: points.toReversed().map((point) => [runLink(point.id, moment(point.since)), serial(point), number(point.value), spread(point.spread, null), named(point) || "—"]) }),
  });
}

/** Values against those of another measurement of the same runs, with the line of least squares. */
export function scatterChart({ measurement, unit }, row) {
  const { points } = row;
  const [x, y] = [withUnit(measurement, unit), withUnit(row.other_measurement, row.other_unit)];
  const xs = points.map((point) => point.x);
  const ends = [Math.min(...xs), Math.max(...xs)];
  return figureChart({
    title: t("series.scatter", { x: measurement, y: row.other_measurement }),
    summary: `${correlation(row.r)}, ${t("series.pairs", { count: amount(row.n) })}`,
    option: (look) => ({
      tooltip: { trigger: "item" },
      grid: room(look, { bottom: 1.6 }),
      xAxis: { type: "value", scale: true, name: x, nameLocation: "middle", nameGap: 1.8 * look.rem },
      yAxis: { type: "value", scale: true, name: y, ...LEFT },
      series: [
        { name: measurement, type: "scatter", symbolSize: 0.4 * look.rem, color: look.accent, cursor: "pointer", data: points.map((point) => ({ value: [point.x, point.y], run: point.id, point })) },
        row.slope === null ? null : { name: t("series.line"), type: "line", showSymbol: false, silent: true, color: look.ink, data: ends.map((at) => [at, row.intercept + row.slope * at]) },
      ].filter(Boolean),
    }),
    tip: ({ data: { point } }) => ({ title: moment(point.start_time), lines: [[measurement, quantity(point.x, unit)], [row.other_measurement, quantity(point.y, row.other_unit)], [t("history.serial_number"), point.serial_number ?? "—"]] }),
    chosen: openRun,
    table: () => ({ heads: [t("history.start_time"), t("history.serial_number"), x, y], rows: points.toReversed().map((point) => [runLink(point.id, moment(point.start_time)), serial(point), number(point.x), number(point.y)]) }),
  });
}
