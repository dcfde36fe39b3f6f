// By what the list of runs can be narrowed besides the choice of runs of all figures; it stands in the address.

import { FINAL_STATUSES } from "./constants.js";
import { h, icon, newId } from "./dom.js";
import { t } from "./text.js";

/** HTTP calls and addresses of pages name them so. */
export const RUN_FILTERS = ["text", "serial_number", "status", "case", "measurement", "error_code"];
/** Milliseconds without a key, after which is asked for what somebody types. */
const PAUSE = 300;
/** What other pages lead here with: shown as something to take away. */
const FIXED = ["serial_number", "case", "measurement", "error_code"];

/** What the address says. */
export function readRunFilters() {
  const query = new URLSearchParams(window.location.search);
  const found = Object.fromEntries(RUN_FILTERS.map((name) => [name, query.get(name) ?? ""]));
  if (!FINAL_STATUSES.includes(found.status)) found.status = "";
  if (!/^-?\d{1,15}$/.test(found.error_code)) found.error_code = "";
  return found;
}

/** Fields for `filters`; `changed` is called when one changed. */
export function runFilterFields(filters, changed) {
  let typing = 0;
  const input = h("input", { id: newId("filter"), type: "search", value: filters.text, autocomplete: "off", placeholder: t("runs.search_hint"), oninput: later, onchange: take, onsearch: take });
  const options = [["", t("filter.any")], ...FINAL_STATUSES.map((status) => [status, t(`status.${status}`)])];
  const status = h("select", { id: newId("filter"), onchange: () => set("status", status.value) }, options.map(([value, text]) => h("option", { value, selected: value === filters.status }, text)));

  function later() {
    clearTimeout(typing);
    typing = setTimeout(take, PAUSE);
  }

  // The cross in the field clears it without a `change`.
  function take() {
    clearTimeout(typing);
    set("text", input.value.trim());
  }

  function set(name, value) {
    if (filters[name] === value) return;
    filters[name] = value;
    changed();
  }

  function chip(name) {
    const label = t(`runs.only_${name}`, { value: filters[name] });
    const button = h("button", { type: "button", class: "button small filter-chip", title: t("runs.without"), onclick: remove }, label, icon("close"));
    function remove() {
      input.focus();
      button.remove();
      set(name, "");
    }
    return button;
  }

  const chips = FIXED.filter((name) => filters[name]).map(chip);
  return [
    h("div", { class: "field run-search" }, h("label", { htmlFor: input.id }, t("runs.search")), input),
    h("div", { class: "field" }, h("label", { htmlFor: status.id }, t("filter.status")), status),
    ...chips,
  ];
}
