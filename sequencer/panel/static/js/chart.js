// Charts on uPlot, which is loaded only when there is a chart to draw.

import { colour, onColours } from "./chart_colours.js";
import { branched } from "./chart_data.js";
import { gestures } from "./chart_gestures.js";
import { chartTable } from "./chart_table.js";
import { fullScreenButton, savePicture, toolButton } from "./chart_tools.js";
import { h, newId, setAria } from "./dom.js";
import { axisNumber, number, t } from "./text.js";

const SERIES = 8;
/** Between two marks of an axis of whole numbers. */
const STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
const DASHES = [[], [10, 4], [3, 3], [12, 4, 3, 4]];
let library = null;

/** The charts that are drawn now, wherever they stand. */
const drawn = new Set();
onColours(() => drawn.forEach((one) => one.draw()));

function loadLibrary() {
  library ??= (async () => {
    const sheet = h("link", { rel: "stylesheet", href: new URL("../vendor/uplot/uPlot.min.css", import.meta.url) });
    document.head.append(sheet);
    try {
      return (await import("../vendor/uplot/uPlot.esm.js")).default;
    } catch (error) {
      // The next chart tries again: the panel may have been away for a moment.
      sheet.remove();
      library = null;
      throw error;
    }
  })();
  return library;
}

/**
 * A chart that loads its data with `load()` once somebody can see it. `follow(feed)` is called with what takes further points
 * of it, `{first, x, y}`, where it may grow.
 */
export function chartBox(title, load, follow = () => {}) {
  const area = h("div", { class: "chart-area", aria: { busy: "true" } });
  const tools = h("div", { class: "chart-tools" });
  const box = h("figure", { class: "chart" }, h("figcaption", {}, h("span", { class: "chart-title" }, title || t("chart.title")), tools), area);
  let loaded = null;
  let known = null;
  const waiting = [];
  const show = (uPlot, chart) => {
    known = chart;
    waiting.splice(0).forEach((part) => takes(chart, part));
    draw(uPlot, chart, area, tools);
  };
  follow((part) => {
    if (!known) {
      if (loaded) waiting.push(part);
      return;
    }
    if (!takes(known, part)) return;
    const one = [...drawn].find((each) => each.area === area);
    if (one && box.isConnected) one.grown();
  });
  const watcher = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting) || (loaded && area.hasChildNodes())) return;
    try {
      // What did not come is asked for again when it is looked at again.
      if (!loaded) area.replaceChildren();
      loaded ??= Promise.all([loadLibrary(), load()]);
      const [uPlot, chart] = await loaded;
      if (!area.hasChildNodes()) show(uPlot, chart);
    } catch {
      loaded = null;
      area.replaceChildren(h("p", { class: "muted" }, t("chart.failed")));
    }
    area.setAttribute("aria-busy", "false");
  });
  watcher.observe(box);
  return box;
}

/** Adds points to a chart; false when some before them are missing, or when it has them. */
function takes(chart, { first, x, y }) {
  const has = chart.x_data[0].length;
  if (first > has || first + x.length <= has) return false;
  chart.x_data.forEach((xs, index) => {
    xs.push(...x.slice(has - first));
    chart.y_data[index].push(...y[index].slice(has - first));
  });
  return true;
}

function draw(uPlot, chart, area, tools) {
  const logX = chart.type === "line_log_x" || chart.type === "log_x_y";
  const logY = chart.type === "line_log_y" || chart.type === "log_x_y";
  let { data, owners } = branched(uPlot, chart, logX, logY);
  if (!data || !data[0].length) {
    area.replaceChildren(h("p", { class: "muted" }, t("chart.empty")));
    return;
  }
  // The library holds on to each plot: those of runs before would pile up on a page that stays open for weeks.
  for (const one of drawn) if (!one.area.isConnected) one.away();
  let plot = null;
  const resized = new ResizeObserver(() => {
    if (area.clientWidth && Math.abs(area.clientWidth - plot.width) > 1) plot.setSize({ width: area.clientWidth, height: height(area) });
  });
  const one = {
    area,
    draw() {
      plot?.destroy();
      area.replaceChildren();
      plot = new uPlot(options(chart, owners, area, logX, logY), data, area);
      one.all = gestures(plot, () => plot.setData(data));
      area.append(...described(plot.over.parentElement, chart), chartTable(chart), ...thinned(chart));
      area.dataset.points = chart.x_data[0].length;
    },
    /** The points have become more; what somebody looks at closely stays in sight. */
    grown() {
      ({ data, owners } = branched(uPlot, chart, logX, logY));
      const { min, max } = plot.scales.x;
      const whole = min === plot.data[0][0] && max === plot.data[0].at(-1);
      plot.setData(data, whole);
      if (!whole) plot.redraw();
      area.dataset.points = chart.x_data[0].length;
    },
    /** It is drawn again when it comes into sight again. */
    away() {
      drawn.delete(one);
      resized.disconnect();
      plot.destroy();
      area.replaceChildren();
    },
  };
  one.draw();
  drawn.add(one);
  resized.observe(area);
  tools.replaceChildren(
    toolButton(t("chart.reset"), "zoom-out", () => one.all()),
    fullScreenButton(area.parentElement),
    toolButton(t("chart.png"), "download", () => save(plot, chart)),
  );
}

/** Where the points are that are not drawn. */
function thinned(chart) {
  const { points, attachment } = chart.thinned ?? {};
  return points ? [h("p", { class: "muted" }, t("chart.thinned", { points: number(points), file: attachment }))] : [];
}

/** Gives the picture of a chart its name and its keys; what comes back stands below it. */
function described(picture, chart) {
  const keys = h("p", { class: "for-readers", id: newId("chart") }, t("chart.keys"));
  picture.tabIndex = 0;
  picture.setAttribute("role", "img");
  setAria(picture, "label", chart.title || t("chart.title"));
  setAria(picture, "describedby", keys.id);
  return [keys, h("p", { class: "chart-hint" }, t("chart.hint")), h("p", { class: "chart-hint is-touch" }, t("chart.hint_touch"))];
}

/** Whether the x values are whole numbers, of which there are no halves: runs, channels. */
function isCounted(chart) {
  return chart.x_data.every((xs) => xs.every(Number.isInteger));
}

function height(area) {
  // Title, legend and hint need the rest.
  if (area.closest(":fullscreen")) return Math.round(window.innerHeight * 0.8);
  return Math.round(Math.min(Math.max(area.clientWidth * 0.42, 220), window.innerHeight * 0.48));
}

function options(chart, owners, area, logX, logY) {
  const names = chart.marker_name || [];
  // Letters grow with the screen, as everywhere.
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const axis = (label, log) => ({
    label: label || undefined,
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: `${0.8 * rem}px Inter, sans-serif`,
    labelFont: `600 ${0.85 * rem}px Inter, sans-serif`,
    labelSize: 1.8 * rem,
    gap: 0.3 * rem,
    values: (plot, values) => {
      const large = values.some((value) => Math.abs(value) >= 1e5);
      return values.map((value) => (value === null || (log && !isPowerOfTen(value)) ? "" : axisNumber(value, large)));
    },
    size: 3.6 * rem,
    space: 3.4 * rem,
  });
  return {
    width: area.clientWidth || 600,
    height: height(area),
    padding: [0.5 * rem, 1.5 * rem, 0, 0],
    scales: { x: { time: false, distr: logX ? 3 : 1 }, y: { distr: logY ? 3 : 1 } },
    axes: [{ ...axis(chart.x_label, logX), size: 2.4 * rem, space: 4.5 * rem, ...(isCounted(chart) ? { incrs: STEPS } : {}) }, axis(chart.y_label, logY)],
    cursor: { drag: { x: true, y: true, uni: 20 }, focus: { prox: 24 }, points: { size: 9 } },
    focus: { alpha: 0.35 },
    legend: { live: true },
    series: [
      { label: chart.x_label || "x", value: (plot, value) => (value === null ? "—" : number(value)) },
      ...owners.map((index, at) => ({
        label: names[index] || `${index + 1}`,
        stroke: colour(`--series-${(index % SERIES) + 1}`),
        dash: DASHES[Math.floor(index / SERIES) % DASHES.length].map((length) => length * devicePixelRatio),
        width: 2,
        points: { show: chart.y_data[index].length <= 60, size: 6 },
        class: owners[at - 1] === index ? "u-branch" : null,
        value: (plot, _, of, here) => values(plot, owners, index, here),
      })),
    ],
    // The legend has the first branch of a series: the others follow it.
    hooks: {
      setSeries: [(plot, of, { show }) => show !== undefined && of > 0 && owners.forEach((index, at) => index === owners[of - 1] && plot.series[at + 1].show !== show && plot.setSeries(at + 1, { show }))],
    },
  };
}

/** The values that a series has at one place of the x axis: one on each of its branches. */
function values(plot, owners, index, here) {
  const found = owners.map((owner, at) => (owner === index && here !== null ? plot.data[at + 1][here] : null));
  return [...new Set(found.filter(Number.isFinite))].map((value) => number(value)).join(" · ") || "—";
}

function isPowerOfTen(value) {
  const power = Math.log10(Math.abs(value));
  return Math.abs(power - Math.round(power)) < 1e-9;
}

function save(plot, chart) {
  const named = plot.series.slice(1).filter((series) => !series.class);
  savePicture(plot.ctx.canvas, chart.title || t("chart.title"), named.map(({ label }, index) => [label, colour(`--series-${(index % SERIES) + 1}`)]));
}
