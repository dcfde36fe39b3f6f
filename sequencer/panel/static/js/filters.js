// The filters of the history pages, kept in the address so that a view can be sent to somebody.

import { FINAL_STATUSES } from "./constants.js";
import { h, newId } from "./dom.js";
import { HAS_SLOTS, SLOTS, slotTitle } from "./slot.js";
import { t } from "./text.js";

/** The time that every history page shows until another is chosen: nothing is left out that nobody put away. */
const DEFAULT_SPAN = "all";
const SPANS = { today: 1, "7d": 7, "30d": 30, "365d": 365, all: null };

/** The field for a slot, where there are slots. */
export const SLOT_FIELD = HAS_SLOTS ? { slot: "slot" } : {};

/** What the address says: `names` and the time. */
export function readFilters(names) {
  const query = new URLSearchParams(window.location.search);
  const read = Object.fromEntries([...names, "span", "from", "to"].map((name) => [name, query.get(name) ?? ""]));
  if (!Object.hasOwn(SPANS, read.span) && read.span !== "custom") read.span = DEFAULT_SPAN;
  for (const name of ["from", "to"]) if (Number.isNaN(midnight(read[name]))) read[name] = "";
  return read;
}

/** Whether not simply everything is asked for. */
export function isFiltered(filters, names) {
  return names.some((name) => filters[name]) || Object.values(timeParameters(filters)).some((time) => time !== null);
}

export function writeFilters(filters) {
  const said = Object.entries(filters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(said).toString();
  history.replaceState(null, "", query ? `?${query}` : window.location.pathname);
}

/** The chosen time as the parameters `since` and `until`: whole days where the browser is. */
export function timeParameters({ span, from, to }) {
  if (span === "custom") return { since: from ? midnight(from) : null, until: to ? midnight(to, 1) : null };
  const days = SPANS[span];
  return { since: days ? midnight(new Date(), 1 - days) : null };
}

/** Midnight `days` after the date's; a day with a change of clocks has 23 or 25 hours. */
function midnight(date, days = 0) {
  const day = new Date(typeof date === "string" ? `${date}T00:00:00` : date);
  day.setDate(day.getDate() + days);
  return day.setHours(0, 0, 0, 0) / 1000;
}

/** A row of filter fields; a kind that is a function says what there is to choose. `changed` is called with the filters when one changes. */
export function filterBar(kinds, filters, changed) {
  const set = (name, value) => {
    if (filters[name] === value) return;
    filters[name] = value;
    if (name === "span") custom.hidden = value !== "custom";
    changed(filters);
  };
  const custom = h("div", { class: "filter-dates", hidden: filters.span !== "custom" }, date("from"), date("to"));

  function date(name) {
    const input = h("input", { type: "date", value: filters[name], aria: { label: t(`filter.${name}`) }, onchange: () => set(name, input.value) });
    return input;
  }

  const make = {
    text(name) {
      const input = h("input", { id: newId("filter"), type: "search", value: filters[name], autocomplete: "off", onchange: take, onsearch: take });
      // The cross in the field clears it without a `change`.
      function take() {
        set(name, input.value.trim());
      }
      return field(name, input);
    },
    status(name) {
      const options = [["", t("filter.any")], ...FINAL_STATUSES.map((status) => [status, t(`status.${status}`)])];
      return field(name, select(name, options));
    },
    slot(name) {
      const names = SLOTS.map(({ slot }) => slot);
      // One that the stand had before may stand in the address.
      if (filters[name] && !names.includes(filters[name])) names.push(filters[name]);
      return field(name, select(name, [["", t("filter.any")], ...names.map((slot) => [slot, slotTitle(slot)])]));
    },
    span(name) {
      const options = [...Object.keys(SPANS), "custom"].map((span) => [span, t(`span.${span}`)]);
      return field(name, select(name, options));
    },
  };

  function select(name, options) {
    const element = h(
      "select",
      { id: newId("filter"), onchange: () => set(name, element.value) },
      options.map(([value, text]) => h("option", { value, selected: value === filters[name] }, text)),
    );
    return element;
  }

  function field(name, control) {
    return h("div", { class: "field" }, h("label", { htmlFor: control.id }, t(`filter.${name}`)), control);
  }

  const fields = Object.entries(kinds).map(([name, kind]) => (typeof kind === "function" ? field(name, select(name, [["", t("filter.any")], ...kind()])) : make[kind](name)));
  return h("form", { class: "filter-bar card", role: "search", onsubmit: (event) => event.preventDefault() }, fields, custom);
}
