// Charts of figures on ECharts, which is loaded only when there is one: bars, lines, points, boxes.

import { colour, onColours } from "./chart_colours.js";
import { foldedTable } from "./chart_table.js";
import { fullScreenButton, savePicture, toolButton } from "./chart_tools.js";
import { h, setAria } from "./dom.js";
import { axisNumber, currentLocale, number, t } from "./text.js";

const STATUSES = ["passed", "failed", "error", "stopped", "skipped"];
const SERIES = [1, 2, 3, 4, 5, 6, 7, 8];
let library = null;

/** How high the chart of a title was: the next one takes as much room before it is drawn, and nothing below it moves. */
const heights = new Map();
/** The charts that are drawn now, wherever they stand. */
const drawn = new Set();
onColours(() => drawn.forEach((one) => one.anew()));

function loadLibrary() {
  library ??= import("../vendor/echarts/echarts.esm.min.js").catch((error) => {
    // The next chart tries again: the panel may have been away for a moment.
    library = null;
    throw error;
  });
  return library;
}

/**
 * A chart, drawn once somebody can see it, with its values as a table below.
 *
 * - `title`: above it, and its name; `summary`: what a screen reader says of it beside.
 * - `option(look)`: what ECharts draws, in the colours and letters of `look` (see there); asked anew when these change. Axes,
 *   legend, tooltip and grid have the looks of the pages already; nothing moves by itself.
 * - `tip(params)`: `{ title, lines: [[name, text], ...] }` for the tooltip of what ECharts describes by `params` (a list of them
 *   where the tooltip's trigger is an axis). Without it series and values.
 * - `table()`: `{ heads, rows }`, the same as a table; the cells may be links: it is how a keyboard gets at them.
 * - `chosen(params)`: is told what was clicked.
 * - `height`: in rem, else as the width and the screen allow it.
 */
export function figureChart({ title, summary = "", option, tip = plainTip, table, chosen = null, height = null }) {
  const area = h("div", { class: "chart-area figure-area", role: "img", aria: { busy: "true", label: [title, summary].filter(Boolean).join(". ") } });
  const tools = h("div", { class: "chart-tools" });
  const box = h("figure", { class: "chart" }, h("figcaption", {}, h("span", { class: "chart-title" }, title), tools), area, table ? foldedTable(title, table) : null);
  area.style.minHeight = height ? `${height}rem` : heights.has(title) ? `${heights.get(title)}px` : "";
  const watcher = new IntersectionObserver(async (entries) => {
    if (area.hasChildNodes() || !entries.some((entry) => entry.isIntersecting)) return;
    try {
      const echarts = await loadLibrary();
      if (!area.hasChildNodes() && area.isConnected) new Drawing(echarts, area, { option, tip, chosen, height, tools, title });
    } catch (error) {
      area.replaceChildren(h("p", { class: "muted" }, t("chart.failed")));
      console.warn(error);
    }
    setAria(area, "busy", null);
  });
  watcher.observe(box);
  return box;
}

/** One chart as long as it is on the page. */
class Drawing {
  constructor(echarts, area, asked) {
    for (const one of drawn) if (!one.area.isConnected) one.away();
    Object.assign(this, { echarts, area, asked });
    this.anew();
    drawn.add(this);
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(area);
    asked.tools.replaceChildren(
      ...(this.chart.getOption().dataZoom?.length ? [toolButton(t("chart.reset"), "zoom-out", () => this.anew())] : []),
      fullScreenButton(area.parentElement),
      toolButton(t("chart.png"), "download", () => this.save()),
    );
  }

  /** Draws it in the colours and letters of now, and all of it. */
  anew() {
    const { area, asked } = this;
    this.chart?.dispose();
    this.rem = rem();
    const look = lookOf();
    const option = asked.option(look);
    this.chart = this.echarts.init(area, theme(look, Boolean(option.legend)), { renderer: "canvas", width: area.clientWidth, height: this.height() });
    const tooltip = { ...option.tooltip, formatter: (params) => tipBox(asked.tip(params), params) };
    const legend = option.legend ? { type: "scroll", ...option.legend } : undefined;
    this.chart.setOption({ animation: false, aria: { enabled: true, label: { enabled: false }, decal: { show: look.forced, decals: DECALS.map((one) => ({ ...one, color: look.surface })) } }, ...option, legend, tooltip });
    if (asked.chosen) this.chart.on("click", asked.chosen);
    this.keepHeight();
  }

  fit() {
    const { area, chart } = this;
    if (!area.clientWidth) return;
    if (this.rem !== rem()) this.anew();
    else if (area.clientWidth !== chart.getWidth() || this.height() !== chart.getHeight()) chart.resize({ width: area.clientWidth, height: this.height() });
    this.keepHeight();
  }

  keepHeight() {
    const { area, asked, chart } = this;
    if (asked.height || area.closest(":fullscreen")) return;
    heights.set(asked.title, chart.getHeight());
    area.style.minHeight = "";
  }

  height() {
    const { area, asked } = this;
    // The title and the table need the rest.
    if (area.closest(":fullscreen")) return Math.round(window.innerHeight * 0.8);
    if (asked.height) return Math.round(asked.height * rem());
    return Math.round(Math.min(Math.max(area.clientWidth * 0.4, 220), Math.max(window.innerHeight * 0.45, 220)));
  }

  save() {
    savePicture(this.chart.renderToCanvas({ pixelRatio: window.devicePixelRatio || 1 }), this.asked.title, []);
  }

  away() {
    drawn.delete(this);
    this.resized.disconnect();
    this.chart.dispose();
  }
}

/** Pixels of the letters of a page, which grow with the screen. */
function rem() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/**
 * What a chart is drawn with: `rem` in pixels, `font`, the colours `ink`, `muted`, `line`, `surface`, `raised`, `accent`, one by
 * each status, `series` in their order, and whether the system `forced` its few colours on the page.
 */
function lookOf() {
  const named = Object.fromEntries(["ink", "muted", "line", "surface", "raised", "accent", ...STATUSES].map((name) => [name, colour(`--${name}`)]));
  return { ...named, rem: rem(), font: getComputedStyle(document.body).fontFamily, series: SERIES.map((index) => colour(`--series-${index}`)), forced: matchMedia("(forced-colors: active)").matches };
}

/** Patterns that tell areas apart where colours cannot. */
const DECALS = [{ symbol: "none" }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: -Math.PI / 4 }, { symbol: "circle", dashArrayX: [[6, 6]], dashArrayY: [6, 0], symbolSize: 0.7 }, { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 4 }];

function theme(look, legend) {
  const text = { color: look.muted, fontFamily: look.font, fontSize: Math.round(0.8 * look.rem) };
  const label = { ...text, hideOverlap: true };
  const axis = (more) => ({
    axisLine: { show: true, lineStyle: { color: look.line } },
    axisTick: { show: false, lineStyle: { color: look.line } },
    axisLabel: { ...label, ...more },
    nameTextStyle: { ...text, fontWeight: 600, fontSize: Math.round(0.85 * look.rem) },
    splitLine: { lineStyle: { color: look.line } },
  });
  const amounts = { formatter: (value) => axisNumber(value, Math.abs(value) >= 1e4) };
  const zoom = { borderColor: look.line, fillerColor: "transparent", backgroundColor: "transparent", textStyle: text, handleStyle: { color: look.surface, borderColor: look.muted }, moveHandleStyle: { color: look.muted }, dataBackground: { lineStyle: { color: look.muted }, areaStyle: { color: look.line } } };
  return {
    color: look.series,
    backgroundColor: "transparent",
    textStyle: { color: look.ink, fontFamily: look.font },
    grid: { left: Math.round(0.4 * look.rem), right: Math.round(1.4 * look.rem), top: Math.round((legend ? 2.4 : 0.8) * look.rem), bottom: Math.round(0.4 * look.rem), outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    categoryAxis: { ...axis({}), splitLine: { show: false } },
    valueAxis: { ...axis(amounts), axisLine: { show: false } },
    logAxis: axis(amounts),
    timeAxis: { ...axis({ formatter: momentLabel }), splitLine: { show: false } },
    legend: { top: Math.round(0.2 * look.rem), left: "center", itemWidth: look.rem, itemHeight: Math.round(0.7 * look.rem), textStyle: { ...text, color: look.ink, fontSize: Math.round(0.85 * look.rem) }, pageTextStyle: text, pageIconColor: look.muted, pageIconInactiveColor: look.line, inactiveColor: look.line },
    tooltip: { confine: true, transitionDuration: 0, backgroundColor: look.surface, borderColor: look.line, textStyle: { ...text, color: look.ink, fontSize: Math.round(0.85 * look.rem) }, axisPointer: { lineStyle: { color: look.muted }, crossStyle: { color: look.muted }, label: { color: look.surface, backgroundColor: look.ink } } },
    dataZoom: zoom,
    boxplot: { itemStyle: { color: look.raised, borderWidth: 1.5 } },
    markLine: { symbol: "none", label: { ...text, color: look.ink } },
  };
}

/** A place on an axis of time (Unix milliseconds): its hour, at midnight its day, at new year its year. */
function momentLabel(milliseconds) {
  const at = new Date(milliseconds);
  const form = at.getHours() || at.getMinutes() ? { hour: "2-digit", minute: "2-digit" } : at.getMonth() || at.getDate() > 1 ? { day: "numeric", month: "short" } : { year: "numeric" };
  return new Intl.DateTimeFormat(currentLocale(), form).format(at);
}

function plainTip(params) {
  const all = [params].flat();
  return { title: all[0]?.name ?? "", lines: all.map((one) => [one.seriesName, plain(one)]) };
}

/** The value of a point or bar that ECharts describes. */
function plain({ value, encode }) {
  const of = Array.isArray(value) ? value[encode?.y?.[0] ?? value.length - 1] : value;
  return typeof of === "number" ? number(of) : "—";
}

/** Built of elements, so that no name in it can become code. */
function tipBox({ title, lines }, params) {
  const marks = [params].flat();
  return h(
    "div",
    { class: "chart-tip" },
    title ? h("p", { class: "strong" }, title) : null,
    h("dl", {}, lines.map(([name, text], index) => h("div", {}, h("dt", {}, marks.length === lines.length && marks.length > 1 && typeof marks[index].color === "string" ? h("span", { class: "chart-mark", style: { background: marks[index].color } }) : null, name), h("dd", { class: "number" }, text)))),
  );
}
