// The slots of a start on one time axis: a row for each, a bar for each case, hatched where it waited for others.

import { BAD_STATUSES } from "./constants.js";
import { h, icon } from "./dom.js";
import { slotLine } from "./slot_line.js";
import { duration, t } from "./text.js";

/** Of the axis: what is shorter has no bar of its own beside others that ended alike. */
const SHORT = 1 / 300;
/** Of the axis: a bar with room for the icon of its status. */
const ROOM = 1 / 25;
const TICKS = 6;
/** Rows of the table; the pages of the runs have all cases. */
const MOST = 1000;
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
const SHOWN = ["passed", "failed", "error", "stopped", "skipped", "run"];

/** A card with the rows of `start`, as `GET /api/starts/<start>` tells them, and the same as a table. */
export function timeline(start) {
  const found = SHOWN.filter((status) => start.rows.some((row) => row.cases.some((one) => one.status === status)));
  const waited = start.rows.some((row) => row.waits.length);
  return h(
    "section",
    { class: "card start-timeline" },
    h("h2", {}, t("starts.timeline")),
    h(
      "div",
      { class: "timeline-scroll", tabIndex: 0, role: "region", aria: { label: t("starts.timeline") } },
      h("div", { class: "timeline" }, start.rows.map((row) => slotRow(row, start.seconds)), axis(start.seconds)),
    ),
    h(
      "ul",
      { class: "timeline-key" },
      found.map((status) => h("li", {}, h("span", { class: `timeline-bar is-${status}` }, icon(status)), t(`status.${status}`))),
      waited ? h("li", {}, h("span", { class: "timeline-bar" }, h("span", { class: "timeline-wait" })), t("starts.waiting")) : null,
    ),
    casesTable(start),
  );
}

function slotRow(row, seconds) {
  const said = [row.slot, t(`verdict.${row.outcome}`), duration(row.end - row.begin, { fine: true })].join(", ");
  return h(
    "div",
    { class: "timeline-row" },
    slotLine({ name: row.slot, number: row.number }),
    h(
      "div",
      { class: "timeline-track", role: "img", aria: { label: said } },
      h("span", { class: "timeline-run", style: extent(row, seconds) }),
      bars(row.cases, seconds).map((bar) => caseBar(bar, seconds)),
      row.waits.map((wait) => h("span", { class: "timeline-wait", title: `${waitText(wait)} · ${duration(wait.end - wait.begin, { fine: true })}`, style: extent(wait, seconds) })),
    ),
  );
}

function caseBar(bar, seconds) {
  const named = bar.count > 1 ? t(`count.${bar.status}`, { count: bar.count }) : `${bar.title} · ${t(`status.${bar.status}`)}`;
  const room = bar.end - bar.begin > seconds * ROOM;
  return h("span", { class: `timeline-bar is-${bar.status}`, title: `${named} · ${duration(bar.end - bar.begin, { fine: true })}`, style: extent(bar, seconds) }, room ? icon(bar.status) : null);
}

/** The cases, short ones that follow each other and ended alike together, so that a thousand of them are drawn as what can be seen. */
function bars(cases, seconds) {
  const short = seconds * SHORT;
  const found = [];
  for (const one of cases) {
    const last = found.at(-1);
    const joins = last && last.status === one.status && one.end - one.begin < short && last.end - last.begin < short && one.begin - last.end < short;
    if (joins) Object.assign(last, { end: Math.max(last.end, one.end), count: last.count + 1 });
    else found.push({ ...one, count: 1 });
  }
  // What did not pass lies on top of what is beside it.
  return [...found.filter(({ status }) => !BAD_STATUSES.includes(status)), ...found.filter(({ status }) => BAD_STATUSES.includes(status))];
}

function extent({ begin, end }, seconds) {
  const whole = seconds || 1;
  return { left: `${(100 * begin) / whole}%`, width: `${(100 * Math.max(0, end - begin)) / whole}%` };
}

function waitText(wait) {
  return t(`starts.wait.${wait.kind}`, { names: wait.names.join(", ") });
}

/** Round times at their places. */
function axis(seconds) {
  const step = STEPS.find((one) => seconds / one <= TICKS) ?? seconds / TICKS;
  const ticks = Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, at) => at * step);
  const mark = (at) => h("span", { class: at > 0.9 * seconds && at ? "timeline-tick is-last" : "timeline-tick", style: { left: `${(100 * at) / (seconds || 1)}%` } }, at ? duration(at, { fine: true }) : "0");
  return h("div", { class: "timeline-row timeline-axis", aria: { hidden: "true" } }, h("span", {}), h("div", { class: "timeline-ticks number" }, ticks.map(mark)));
}

/** Each case of each slot, made once somebody opens it. */
function casesTable(start) {
  const body = h("div", { class: "table-scroll", tabIndex: 0, role: "region", aria: { label: t("starts.table") } });
  const open = () => {
    if (body.hasChildNodes()) return;
    const cases = start.rows.flatMap((row) => row.cases.map((one) => [row, one]));
    const names = ["starts.slot", "starts.case", "history.status", "starts.begin", "history.duration", "starts.waited"];
    body.append(
      h(
        "table",
        { class: "table" },
        h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col" }, t(name))))),
        h("tbody", {}, cases.slice(0, MOST).map(([row, one]) => caseLine(row, one))),
      ),
      cases.length > MOST ? h("p", { class: "muted" }, t("case.more", { count: cases.length - MOST })) : "",
    );
  };
  return h("details", { class: "timeline-table", ontoggle: open }, h("summary", {}, t("starts.table")), body);
}

function caseLine(row, one) {
  const mine = row.waits.filter((wait) => wait.case === one.name && wait.begin < one.end && wait.end > one.begin);
  return h(
    "tr",
    {},
    h("td", {}, row.slot),
    h("th", { scope: "row" }, one.title),
    h("td", {}, t(`status.${one.status}`)),
    h("td", { class: "number" }, duration(one.begin, { fine: true })),
    h("td", { class: "number" }, duration(one.end - one.begin, { fine: true })),
    h("td", {}, mine.map((wait) => h("div", {}, h("span", { class: "number" }, duration(wait.end - wait.begin, { fine: true })), " · ", waitText(wait)))),
  );
}
