// Spans as the figures name them by their begin, on the stand's clock: `2026-01-05`, `2026-01-05T06:00`.

import { currentLocale, t } from "./text.js";

const FORMS = {
  hour: { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" },
  shift: { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", month: "short", day: "numeric" },
  week: { month: "short", day: "numeric" },
  month: { year: "numeric", month: "short" },
};
const HOUR = 3600;
/** How much of an ISO time says it to the minute. */
const MINUTE = 16;
/** Its zone is an IANA name, or an offset: `UTC+03:30`. */
const CLOCK = clockOf(document.documentElement.dataset.timezone?.replace(/^UTC(?=[+-])/, ""));
/** Spans beyond which nobody counts those in which nothing was. */
const MOST = 2000;

/** A span for people. */
export function spanText(begin, span) {
  const text = new Intl.DateTimeFormat(currentLocale(), { ...FORMS[span], timeZone: "UTC" }).format(shownAt(begin));
  return span === "week" ? t("span.week_of", { day: text }) : text;
}

/** When a span begins, in Unix seconds: on the clock of the computer that the panel runs on, wherever the browser is. */
export function startOf(begin) {
  const shown = shownAt(begin);
  // What the clock is ahead there may be another thing before a change of clocks than after it.
  const near = shown - ahead(shown);
  return (shown - ahead(near)) / 1000;
}

/** When it ends; a shift ends where the next one of `rows` begins, and after a day at the latest. */
export function spanEnd(begin, span, rows) {
  if (span === "hour") return startOf(begin) + HOUR;
  const end = new Date(shownAt(begin));
  step(end, span);
  const next = span === "shift" ? rows.map((row) => startOf(row.span)).filter((at) => at > startOf(begin)) : [];
  return Math.min(startOf(end.toISOString().slice(0, MINUTE)), ...next);
}

/** `rows`, one a span and the oldest first, with `blank(begin)` for each span between them that has none: the line stood still. */
export function withGaps(rows, span, blank) {
  // Shifts begin when the configuration says so.
  if (span === "shift" || !rows.length) return rows;
  const [first, last] = [rows[0].span, rows.at(-1).span];
  const known = new Map(rows.map((row) => [row.span, row]));
  const found = [];
  // The clock of the stand has its own rules: its hours are counted as if it were never put forward or back.
  const at = new Date(shownAt(first));
  for (let begin = first; begin <= last && found.length < MOST; begin = at.toISOString().slice(0, first.length)) {
    found.push(known.get(begin) ?? blank(begin));
    step(at, span);
  }
  return found.length < MOST ? found : rows;
}

/** To the next span, on a clock that is never put forward or back. */
function step(at, span) {
  if (span === "hour") at.setUTCHours(at.getUTCHours() + 1);
  else if (span === "month") at.setUTCMonth(at.getUTCMonth() + 1);
  else at.setUTCDate(at.getUTCDate() + (span === "week" ? 7 : 1));
}

/** What the clock shows, in milliseconds as if it were that of UTC. */
function shownAt(begin) {
  return Date.parse(begin.includes("T") ? `${begin}Z` : begin);
}

/** By how many milliseconds the clock there is ahead of UTC at a time. */
function ahead(time) {
  const parts = Object.fromEntries(CLOCK.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - time;
}

function clockOf(zone) {
  const form = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" };
  try {
    return new Intl.DateTimeFormat("en", { ...form, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en", form); // one that this browser does not know
  }
}
