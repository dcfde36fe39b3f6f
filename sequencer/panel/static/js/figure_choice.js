// Which runs a page of figures is about: time, filters, splits. All of it stands in the address, so that a view can be sent.

import { address } from "./api.js";
import { slotTitle } from "./slot.js";
import { state } from "./state.js";
import { t } from "./text.js";

/** By what runs can be chosen; HTTP calls and addresses of pages name it so, too. */
export const FILTERS = ["sequence", "part_number", "stand", "slot", "batch", "version", "operator"];
/** From when to when the clock of its stand showed at the begin of a run, wherever that is: what a span is. `2026-06-26T06:00`. */
const CLOCK = ["clock_since", "clock_until"];
/** What times can be cut into. */
export const PERIODS = ["hour", "shift", "day", "week", "month"];
/** Days, today included. */
export const DAYS = { today: 1, "7d": 7, "30d": 30, "365d": 365 };
/** The time that is chosen where the address says none; a list of runs leaves out nothing that nobody put away. */
const usual = (path) => (/^\/runs(\/|$)/.test(path) ? "all" : "30d");
const DAY = 86_400;

/**
 * What the address says: `since` ("today", "shift", "7d", "30d", "365d", "all", or a time), `until` (a time or ""), `span`
 * ("" lets the time decide), `by` (a list), `clock_since` and `clock_until`, and `FILTERS`. Times are as in `2026-06-26T06:00`, where the browser is, or Unix seconds.
 */
export function readChoice() {
  const query = new URLSearchParams(window.location.search);
  readOld(query);
  const choice = Object.fromEntries(["since", "until", "span", ...FILTERS].map((name) => [name, query.get(name) ?? ""]));
  choice.by = query.getAll("by").filter((name) => FILTERS.includes(name));
  if (!isNamed(choice.since) && secondsOf(choice.since) === null) choice.since = secondsOf(choice.until) === null ? usual(window.location.pathname) : "";
  if (secondsOf(choice.until) === null || isNamed(choice.since)) choice.until = "";
  if (!PERIODS.includes(choice.span)) choice.span = "";
  for (const name of CLOCK) choice[name] = clockSeconds(query.get(name)) === null ? "" : query.get(name);
  return choice;
}

/** Addresses of before had the time in `span`, and its days in `from` and `to`. */
function readOld(query) {
  const span = query.get("span");
  if (query.has("since") || !(isNamed(span) || span === "custom")) return;
  query.set("since", span === "custom" ? query.get("from") ?? "" : span);
  const to = span === "custom" ? new Date(`${query.get("to")}T00:00`) : null;
  if (!to || !Number.isFinite(to.getTime())) return;
  to.setDate(to.getDate() + 1);
  query.set("until", String(to.getTime() / 1000));
}

/** What a clock showed, in seconds as if it were that of UTC; null where nothing is written. */
function clockSeconds(written) {
  const seconds = Date.parse(`${written}Z`) / 1000;
  return written && Number.isFinite(seconds) ? seconds : null;
}

/** Whether a time has a name that stands for it in the address, and moves on with the clock. */
export function isNamed(since) {
  return Object.hasOwn(DAYS, since) || since === "shift" || since === "all";
}

/** Unix seconds; null where `written` is no time. */
export function secondsOf(written) {
  if (/^\d+(\.\d+)?$/.test(written)) return Number(written);
  const seconds = new Date(/^\d{4}-\d\d-\d\d$/.test(written) ? `${written}T00:00` : written).getTime() / 1000;
  return Number.isFinite(seconds) ? seconds : null;
}

/** `{ since, until }` in Unix seconds, null where it is open, and in `before` those of the same time before; null where there is none. */
export function timeOf(choice) {
  const now = Date.now() / 1000;
  if (choice.since === "all") return { since: null, until: null, before: null };
  if (Object.hasOwn(DAYS, choice.since)) {
    const days = DAYS[choice.since];
    const since = midnight(1 - days);
    return { since, until: null, before: { since: midnight(1 - 2 * days), until: now - days * DAY } };
  }
  if (choice.since === "shift") {
    const since = state.session.shift?.since ?? midnight(0);
    return { since, until: null, before: { since: since - DAY, until: now - DAY } };
  }
  const [since, until] = [secondsOf(choice.since), secondsOf(choice.until)];
  return { since, until, before: since === null ? null : { since: 2 * since - (until ?? now), until: since } };
}

/** Midnight so many days from today; a day with a change of clocks has 23 or 25 hours. */
export function midnight(days) {
  const day = new Date(Date.now());
  day.setDate(day.getDate() + days);
  return day.setHours(0, 0, 0, 0) / 1000;
}

/** What the times are cut into where nobody said it. */
export function spanOf(choice, time) {
  if (choice.span) return choice.span;
  if (time.since === null) return "month";
  const days = ((time.until ?? Date.now() / 1000) - time.since) / DAY;
  if (days <= 2) return "hour";
  return days <= 62 ? "day" : days <= 400 ? "week" : "month";
}

/** The parameters of an HTTP call about the chosen runs in `time`. */
export function parametersOf(choice, { since, until }, more = {}) {
  return { ...Object.fromEntries(FILTERS.map((name) => [name, choice[name]])), since, until, ...Object.fromEntries(CLOCK.map((name) => [name, clockSeconds(choice[name])])), ...more };
}

/** The address of a page with this choice; `more` says what is different, "" and [] that it is not said. */
export function addressOf(path, choice, more = {}) {
  return address(path, { ...choice, ...more });
}

/** Whether runs are left out by something else than the time. */
export function isNarrowed(choice) {
  return [...FILTERS, ...CLOCK].some((name) => choice[name]);
}

/** What people call a value of `name`. */
export function valueText(name, value) {
  if (value === null || value === undefined) return t("choice.unsaid");
  return name === "slot" ? slotTitle(value) : String(value);
}
