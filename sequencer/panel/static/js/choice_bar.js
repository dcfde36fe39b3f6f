// The row of fields in which the runs of a page of figures are chosen: `figure_choice.js` says what there is.

import { get } from "./api.js";
import { addressOf, DAYS, FILTERS, isNamed, midnight, PERIODS, secondsOf, timeOf, valueText } from "./figure_choice.js";
import { fill, h, icon, newId, setAria, setText, show } from "./dom.js";
import { clockText } from "./spans.js";
import { on, state } from "./state.js";
import { currentLocale, t } from "./text.js";

/** What figures can be split by: names of `FILTERS`, or two of them. */
const SPLITS = ["stand", "slot", "stand,slot", "part_number", "sequence", "version", "batch", "operator"];
/** Milliseconds for which the lists of what exists are not asked for again. */
const FRESH = 60_000;
let lists = null;
/** The bar that was made last. */
let newest = null;
// A page that is opened first of all knows the stand's shifts a moment later.
on("snapshot", () => newest?.known());

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

/** A row of fields for `choice`, with those that `splits` and `spans` ask for; `changed` is called when one changed. */
export function choiceBar(choice, { splits = true, spans = false, changed }) {
  const fields = Object.fromEntries(FILTERS.map((name) => [name, field(t(`filter.${name}`), select((chosen) => set({ [name]: chosen })))]));
  const dates = h("div", { class: "filter-dates", hidden: isNamed(choice.since) }, moment("since", "filter.from"), moment("until", "filter.to"));
  const time = select(takeTime);
  const by = select((chosen) => set({ by: chosen ? chosen.split(",") : [] }));
  const span = select((chosen) => set({ span: chosen }));
  const more = h("button", { type: "button", class: "button small choice-more", aria: { expanded: "false" }, onclick: () => unfold(more.ariaExpanded !== "true") }, h("span", {}));
  const clear = h("button", { type: "button", class: "button small", onclick: () => set(Object.fromEntries(FILTERS.map((name) => [name, ""]))) }, t("choice.clear"));
  const clock = h("button", { type: "button", class: "button small choice-clock", onclick: () => set({ clock_since: "", clock_until: "" }) }, h("span", {}), icon("close"));
  const bar = h(
    "form",
    { class: "filter-bar choice-bar card", role: "search", aria: { label: t("choice.title") }, onsubmit: (event) => event.preventDefault() },
    field(t("filter.span"), time),
    dates,
    clock,
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

  function moment(name, label) {
    const input = h("input", { type: "datetime-local", value: local(choice[name]), aria: { label: t(label) }, onchange: () => set({ [name]: input.value }) });
    return input;
  }

  function takeTime(chosen) {
    show(dates, chosen === "own");
    if (chosen !== "own") return set({ since: chosen, until: "" });
    // It begins with what was on display.
    const { since, until } = timeOf(choice);
    const own = { since: local(String(since ?? midnight(-29))), until: until === null ? "" : local(String(until)) };
    [dates.firstChild.value, dates.lastChild.value] = [own.since, own.until];
    return set(own);
  }

  function set(what) {
    // Another time is another time altogether.
    Object.assign(choice, "since" in what ? { clock_since: "", clock_until: "" } : {}, what);
    history.replaceState(null, "", addressOf(window.location.pathname, choice, others(choice)));
    offer();
    changed();
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
    fillSelect(time, timeOptions(choice), isNamed(choice.since) ? choice.since : "own");
    const onClock = choice.clock_since || choice.clock_until;
    show(clock, onClock);
    if (onClock) {
      const times = clockText(choice.clock_since, choice.clock_until);
      setText(clock.firstChild, times);
      clock.title = t("choice.clock");
      setAria(clock, "label", `${times}: ${t("choice.clock")}. ${t("choice.clock_clear")}`);
    }
    fillSelect(by, splitOptions(choice, found), choice.by.join());
    fillSelect(span, spanOptions(choice), choice.span);
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

function field(label, control) {
  return h("div", { class: "field" }, h("label", { htmlFor: control.id }, label), control);
}

function select(take) {
  const element = h("select", { id: newId("choice"), onchange: () => take(element.value) });
  return element;
}

function fillSelect(element, options, chosen) {
  const mark = JSON.stringify(options);
  if (element.dataset.mark !== mark) {
    element.dataset.mark = mark;
    fill(element, options.map(([value, text]) => h("option", { value }, text)));
  }
  element.value = chosen;
}

/** What else the page itself keeps in the address. */
function others(choice) {
  return Object.fromEntries([...new URLSearchParams(window.location.search)].filter(([name]) => !(name in choice)));
}

/** Whether shifts can be meant: the stand has some, or the address says so. */
function hasShifts(chosen) {
  return Boolean(state.session.shift) || chosen === "shift";
}

function timeOptions(choice) {
  const [today, ...days] = Object.keys(DAYS);
  const names = [today, ...(hasShifts(choice.since) ? ["shift"] : []), ...days, "all"];
  return [...names.map((name) => [name, t(`span.${name}`)]), ["own", t("span.custom")]];
}

function spanOptions(choice) {
  const names = PERIODS.filter((name) => name !== "shift" || hasShifts(choice.span));
  return [["", t("choice.automatic")], ...names.map((name) => [name, t(`per.${name}`)])];
}

/** Splits of which there is more than one value, as far as that is known. */
function splitOptions(choice, found) {
  const many = (name) => !found || found[name].length > 1;
  const offered = SPLITS.filter((names) => choice.by.join() === names || names.split(",").every(many));
  return [["", t("choice.unsplit")], ...offered.map((names) => [names, names.split(",").map((name) => t(`filter.${name}`)).join(" + ")])];
}

/** A time as a field for one has it. */
function local(written) {
  const seconds = secondsOf(written);
  if (seconds === null) return "";
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
