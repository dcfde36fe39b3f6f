// How each slot of the stand yields, so that a worn nest shows.

import { address } from "./api.js";
import { h, icon } from "./dom.js";
import { slotName } from "./slot.js";
import { amount, percent, t } from "./text.js";

/** A table of `slots`, each with its figures; its rows lead to the slot's runs. Nothing where none of them has run. */
export function slotYield(slots, filters) {
  if (!slots.some((one) => one.runs)) return null;
  const yields = slots.map((one) => one.yield).filter((share) => share !== null);
  const [least, most] = [Math.min(...yields), Math.max(...yields)];
  const worst = 1 - least;
  return h(
    "section",
    { class: "card slot-yield" },
    h("h2", {}, t("yield.by_slot")),
    h(
      "table",
      { class: "table" },
      h("thead", {}, h("tr", {}, ["filter.slot", "yield.runs", "filter.passed", "yield.yield", "yield.first_pass", "filter.failed"].map((name) => h("th", { scope: "col" }, t(name))))),
      h("tbody", {}, slots.map((one) => row(one, filters, worst, one.yield === least && least < most))),
    ),
  );
}

function row(one, filters, worst, isLowest) {
  const missed = one.yield === null ? null : 1 - one.yield;
  return h(
    "tr",
    { data: { slot: one.slot } },
    h("th", { scope: "row" }, h("span", { class: "slot-number" }, one.number), " ", h("a", { href: address("/runs", { ...filters, slot: one.slot }) }, slotName({ name: one.slot, title: one.title }))),
    h("td", { class: "number" }, amount(one.runs)),
    h("td", { class: "number" }, amount(one.passed)),
    h("td", { class: "number strong" }, isLowest ? [h("span", { class: "tag is-worst" }, icon("warning"), " ", t("yield.lowest")), " "] : null, percent(one.yield)),
    h("td", { class: "number" }, percent(one.first_pass_yield)),
    h("td", { class: "missed-share" }, missed === null ? null : [h("meter", { min: 0, max: worst || 1, value: missed, aria: { label: `${t("filter.failed")}: ${percent(missed)}` } }), h("span", { class: "muted number" }, percent(missed))]),
  );
}
