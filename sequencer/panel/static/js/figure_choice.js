// Which runs a page of figures is about: time, filters, splits. All of it stands in the address, so that a view can be sent.

import { address, get } from "./api.js";
import { fill, h, newId, setAria, setText, show } from "./dom.js";
import { slotTitle } from "./slot.js";
import { on, state } from "./state.js";
import { currentLocale, t } from "./text.js";

/** By what runs can be chosen; HTTP calls and addresses of pages name it so, too. */
export const FILTERS = ["sequence", "part_number", "stand", "slot", "batch", "version", "operator"];
/** What figures can be split by: names of `FILTERS`, or two of them. */
const SPLITS = ["stand", "slot", "stand,slot", "part_number", "sequence", "version", "batch", "operator"];
const PERIODS = ["hour", "shift", "day", "week", "month"];
/** Days, today included. */
const DAYS = { today: 1, "7d": 7, "30d": 30, "365d": 365 };
/** The time that is chosen where the address says none; a list of runs leaves out nothing that nobody put away. */
const usual = (path) => (/^\/runs(\/|$)/.test(path) ? "all" : "30d");
const DAY = 86_400;
/** Milliseconds for which the lists of what exists are not asked for again. */
const FRESH = 60_000;
let lists = null;
/** The bar that was made last. */
let newest = null;
// A page that is opened first of all knows the stand's shifts a moment later.
on("snapshot", () => newest?.known());

/**
 * What the address says: `since` ("today", "shift", "7d", "30d", "365d", "all", or a time), `until` (a time or ""), `span`
 * ("" lets the time decide), `by` (a list), and `FILTERS`. Times are as in `2026-06-26T06:00`, where the browser is, or Unix seconds.
 */
export function readChoice() {
  const query = new URLSearchParams(window.location.search);
  readOld(query);
  const choice = Object.fromEntries(["since", "until", "span", ...FILTERS].map((name) => [name, query.get(name) ?? ""]));
  choice.by = query.getAll("by").filter((name) => FILTERS.includes(name));
  if (!isNamed(choice.since) && secondsOf(choice.since) === null) choice.since = secondsOf(choice.until) === null ? usual(window.location.pathname) : "";
  if (secondsOf(choice.until) === null || isNamed(choice.since)) choice.until = "";
  if (!PERIODS.includes(choice.span)) choice.span = "";
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

function isNamed(since) {
  return Object.hasOwn(DAYS, since) || since === "shift" || since === "all";
}

/** Unix seconds; null where `written` is no time. */
function secondsOf(written) {
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
function midnight(days) {
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
  return { ...Object.fromEntries(FILTERS.map((name) => [name, choice[name]])), since, until, ...more };
}

/** The address of a page with this choice; `more` says what is different, "" and [] that it is not said. */
export function addressOf(path, choice, more = {}) {
  return address(path, { ...choice, ...more });
}

/** Whether runs are left out by something else than the time. */
export function isNarrowed(choice) {
  return FILTERS.some((name) => choice[name]);
}

/** The values that runs have, by the names of `FILTERS`. */
async function existing() {
  if (!lists || Date.now() - lists.at > FRESH) {
    const asked = get("/api/figures/choices", {});
    lists = { at: Date.now(), asked };
    asked.catch(() => (lists = null));
  }
  const found = Object.fromEntries(FILTERS.map((name) => [name, []]));
  for (const { name, value } of (await lists.asked).rows) found[name]?.push(value);
  const { compare } = new Intl.Collator(currentLocale(), { numeric: true });
  for (const values of Object.values(found)) values.sort(compare);
  return found;
}

/** What people call a value of `name`. */
export function valueText(name, value) {
  if (value === null || value === undefined) return t("choice.unsaid");
  return name === "slot" ? slotTitle(value) : String(value);
}

/** A row of fields for `choice`, with those that `splits` and `spans` ask for; `changed` is called when one changed. */
export function choiceBar(choice, { splits = true, spans = false, changed }) {
  const fields = Object.fromEntries(FILTERS.map((name) => [name, field(t(`filter.${name}`), h("select", { id: newId("choice"), onchange: (event) => set(name, event.target.value) }))]));
  const dates = h("div", { class: "filter-dates", hidden: isNamed(choice.since) }, moment("since", "filter.from"), moment("until", "filter.to"));
  const time = select(takeTime);
  const by = select((chosen) => set("by", chosen ? chosen.split(",") : []));
  const span = select((chosen) => set("span", chosen));
  const more = h("button", { type: "button", class: "button small choice-more", aria: { expanded: "false" }, onclick: () => unfold(more.ariaExpanded !== "true") }, h("span", {}));
  const clear = h("button", { type: "button", class: "button small", onclick: () => set("filters", "") }, t("choice.clear"));
  const bar = h(
    "form",
    { class: "filter-bar choice-bar card", role: "search", aria: { label: t("choice.title") }, onsubmit: (event) => event.preventDefault() },
    field(t("filter.span"), time),
    dates,
    splits ? field(t("choice.by"), by) : null,
    spans ? field(t("choice.per"), span) : null,
    more,
    h("div", { class: "choice-filters" }, Object.values(fields), clear),
  );
  let found = null;
  let begun = state.session.shift?.since;

  function unfold(open) {
    bar.classList.toggle("is-unfolded", open);
    setAria(more, "expanded", open);
  }

  function field(label, control) {
    return h("div", { class: "field" }, h("label", { htmlFor: control.id }, label), control);
  }

  function select(take) {
    const element = h("select", { id: newId("choice"), onchange: () => take(element.value) });
    return element;
  }

  function moment(name, label) {
    const input = h("input", { type: "datetime-local", value: local(choice[name]), aria: { label: t(label) }, onchange: () => set(name, input.value) });
    return input;
  }

  function takeTime(chosen) {
    show(dates, chosen === "own");
    if (chosen !== "own") {
      choice.until = "";
      return set("since", chosen);
    }
    // It begins with what was on display.
    const { since, until } = timeOf(choice);
    choice.until = until === null ? "" : local(String(until));
    for (const input of dates.children) input.value = input === dates.firstChild ? local(String(since ?? midnight(-29))) : choice.until;
    return set("since", dates.firstChild.value);
  }

  function set(name, value) {
    if (name === "filters") for (const one of FILTERS) choice[one] = "";
    else choice[name] = value;
    history.replaceState(null, "", addressOf(window.location.pathname, choice, kept()));
    offer();
    changed();
  }

  /** What else the page itself keeps in the address. */
  function kept() {
    const query = [...new URLSearchParams(window.location.search)].filter(([name]) => !(name in choice));
    return Object.fromEntries(query);
  }

  function splitOptions(values) {
    const many = (name) => !values || values[name].length > 1;
    const offered = SPLITS.filter((names) => choice.by.join() === names || names.split(",").every(many));
    return [["", t("choice.unsplit")], ...offered.map((names) => [names, names.split(",").map((name) => t(`filter.${name}`)).join(" + ")])];
  }

  /** Lists what exists; where there is only one there is nothing to choose. */
  function offer() {
    for (const name of FILTERS) {
      const values = [...(found?.[name] ?? [])];
      // One that is older than the lists go, or of another stand, may stand in the address.
      if (choice[name] && !values.includes(choice[name])) values.push(choice[name]);
      show(fields[name], values.length > 1 || choice[name]);
      fillSelect(fields[name].lastChild, [["", t("filter.any")], ...values.map((value) => [value, valueText(name, value)])], choice[name]);
    }
    const shifts = (name, chosen) => name !== "shift" || state.session.shift || chosen === name;
    const times = ["today", "shift", ...Object.keys(DAYS).slice(1), "all"].filter((name) => shifts(name, choice.since));
    fillSelect(time, [...times.map((name) => [name, t(`span.${name}`)]), ["own", t("span.custom")]], isNamed(choice.since) ? choice.since : "own");
    fillSelect(by, splitOptions(found), choice.by.join());
    fillSelect(span, [["", t("choice.automatic")], ...PERIODS.filter((name) => shifts(name, choice.span)).map((name) => [name, t(`per.${name}`)])], choice.span);
    const count = FILTERS.filter((name) => choice[name]).length;
    setText(more.lastChild, count ? t("choice.filters_set", { count }) : t("choice.filters"));
    show(more, FILTERS.some((name) => !fields[name].hidden));
    show(clear, count);
  }

  offer();
  newest = {
    known() {
      if (!bar.isConnected) return;
      const late = choice.since === "shift" && !begun;
      begun = state.session.shift?.since;
      offer();
      if (late) changed();
    },
  };
  existing().then(
    (values) => {
      found = values;
      offer();
    },
    () => {},
  );
  return bar;
}

function fillSelect(element, options, chosen) {
  const mark = JSON.stringify(options);
  if (element.dataset.mark !== mark) {
    element.dataset.mark = mark;
    fill(element, options.map(([value, text]) => h("option", { value }, text)));
  }
  element.value = chosen;
}

/** A time as a field for one has it. */
function local(written) {
  const seconds = secondsOf(written);
  if (seconds === null) return "";
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
