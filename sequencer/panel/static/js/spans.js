// Spans as the figures name them by their begin, on the stand's clock: `2026-01-05`, `2026-01-05T06:00`.

import { currentLocale, t } from "./text.js";

const FORMS = {
  hour: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  shift: { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", month: "short", day: "numeric" },
  week: { month: "short", day: "numeric" },
  month: { year: "numeric", month: "short" },
};
const HOUR = 3600;

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

function dateOf(begin) {
  return new Date(begin.includes("T") ? begin : `${begin}T00:00`);
}
