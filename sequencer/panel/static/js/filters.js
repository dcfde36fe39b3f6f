// The filters of the history pages, kept in the address so that a view can be sent to somebody.

import { h, newId } from "./dom.js";
import { t } from "./text.js";

export const STATUSES = ["passed", "failed", "error", "stopped", "skipped"];
const DAY = 86_400;
const SPANS = { today: 0, "7d": 7, "30d": 30, "365d": 365, all: null };

/** What the address says: names of `names` and `span`, with defaults. */
export function readFilters(names, defaults = {}) {
  const query = new URLSearchParams(window.location.search);
  return Object.fromEntries([...names, "span", "from", "to"].map((name) => [name, query.get(name) ?? defaults[name] ?? ""]));
}

export function writeFilters(filters) {
  const said = Object.entries(filters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(said).toString();
  history.replaceState(null, "", query ? `?${query}` : window.location.pathname);
}

/** The chosen time as the parameters `since` and `until`. */
export function timeParameters({ span, from, to }) {
  if (span === "custom") {
    const until = to ? midnight(to) + DAY : null;
    return { since: from ? midnight(from) : null, until };
  }
  const days = SPANS[span];
  if (days === null || days === undefined) return {};
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  return { since: today.getTime() / 1000 - Math.max(0, days - 1) * DAY };
}

function midnight(date) {
  return new Date(`${date}T00:00:00`).getTime() / 1000;
}

/** A row of filter fields; `changed` is called with the filters when one changes. */
export function filterBar(kinds, filters, changed) {
  const set = (name, value) => {
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
      const input = h("input", { id: newId("filter"), type: "search", value: filters[name], autocomplete: "off", onchange: () => set(name, input.value.trim()) });
      return field(name, input);
    },
    status(name) {
      const options = [["", t("filter.any")], ...STATUSES.map((status) => [status, t(`status.${status}`)])];
      return field(name, select(name, options));
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

  const fields = Object.entries(kinds).map(([name, kind]) => make[kind](name));
  return h("form", { class: "filter-bar card", role: "search", onsubmit: (event) => event.preventDefault() }, fields, custom);
}
