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
/** Spans beyond which nobody counts those in which nothing was. */
const MOST = 2000;

/** A span for people. */
export function spanText(begin, span) {
  const text = new Intl.DateTimeFormat(currentLocale(), FORMS[span]).format(dateOf(begin));
  return span === "week" ? t("span.week_of", { day: text }) : text;
}

/** When a span begins, in Unix seconds, where the browser is. */
export function startOf(begin) {
  return dateOf(begin).getTime() / 1000;
}

/** When it ends; a shift ends where the next one of `rows` begins, and after a day at the latest. */
export function spanEnd(begin, span, rows) {
  const start = dateOf(begin);
  if (span === "hour") return start.getTime() / 1000 + HOUR;
  if (span === "month") return new Date(start.getFullYear(), start.getMonth() + 1).getTime() / 1000;
  const days = span === "week" ? 7 : 1;
  const latest = new Date(start);
  latest.setDate(latest.getDate() + days);
  const next = span === "shift" ? rows.map((row) => startOf(row.span)).filter((at) => at > startOf(begin)) : [];
  return Math.min(latest.getTime() / 1000, ...next);
}

/** `rows`, one a span and the oldest first, with `blank(begin)` for each span between them that has none: the line stood still. */
export function withGaps(rows, span, blank) {
  // Shifts begin when the configuration says so.
  if (span === "shift" || !rows.length) return rows;
  const [first, last] = [rows[0].span, rows.at(-1).span];
  const known = new Map(rows.map((row) => [row.span, row]));
  const found = [];
  // The clock of the stand has its own rules: its hours are counted as if it were never put forward or back.
  const at = new Date(first.includes("T") ? `${first}Z` : first);
  for (let begin = first; begin <= last && found.length < MOST; begin = at.toISOString().slice(0, first.length)) {
    found.push(known.get(begin) ?? blank(begin));
    if (span === "hour") at.setUTCHours(at.getUTCHours() + 1);
    else if (span === "month") at.setUTCMonth(at.getUTCMonth() + 1);
    else at.setUTCDate(at.getUTCDate() + (span === "week" ? 7 : 1));
  }
  return found.length < MOST ? found : rows;
}

function dateOf(begin) {
  return new Date(begin.includes("T") ? begin : `${begin}T00:00`);
}
