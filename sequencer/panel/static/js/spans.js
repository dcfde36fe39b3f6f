// Spans as the figures name them by their begin, on the stand's clock: `2026-01-05`, `2026-01-05T06:00`.

import { currentLocale, t } from "./text.js";

const FORMS = {
  hour: { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" },
  shift: { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", month: "short", day: "numeric" },
  week: { month: "short", day: "numeric" },
  month: { year: "numeric", month: "short" },
};
/** How much of an ISO time says it to the minute. */
const MINUTE = 16;
/** Spans beyond which nobody counts those in which nothing was. */
const MOST = 2000;

/** A span for people. */
export function spanText(begin, span) {
  const text = new Intl.DateTimeFormat(currentLocale(), { ...FORMS[span], timeZone: "UTC" }).format(shownAt(begin));
  return span === "week" ? t("span.week_of", { day: text }) : text;
}

/** Its runs, as the choice of runs says them; a shift ends where the next one of `rows` begins, and after a day at the latest. */
export function chosenSpan(begin, span, rows) {
  const end = new Date(shownAt(begin));
  step(end, span);
  const next = span === "shift" ? rows.map((row) => shownAt(row.span)).filter((at) => at > shownAt(begin)) : [];
  return { clock_since: shown(shownAt(begin)), clock_until: shown(Math.min(end, ...next)) };
}

/** From when to when, for people: what `chosenSpan` says, or another time on that clock. */
export function clockText(since, until) {
  const form = new Intl.DateTimeFormat(currentLocale(), { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  if (since && until) return form.formatRange(shownAt(since), shownAt(until));
  return since ? `${form.format(shownAt(since))} –` : `– ${form.format(shownAt(until))}`;
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

/** The same as a choice of runs has it. */
function shown(time) {
  return new Date(time).toISOString().slice(0, MINUTE);
}
