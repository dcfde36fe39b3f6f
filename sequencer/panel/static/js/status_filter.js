// Which cases of a run are shown: all, or those of one status.

import { BAD_STATUSES } from "./constants.js";
import { fill, h, icon, setAria, setText, show } from "./dom.js";
import { t } from "./text.js";

const STATUSES = [...BAD_STATUSES, "run", "ready", "passed", "skipped"];

/** Whether a status is one of those that keep a run from passing. */
export function isBad(status) {
  return BAD_STATUSES.includes(status);
}

/** Whether a case of this status is shown: whoever looks for what failed also means what could not be tested. */
export function isMeant(filter, status) {
  return filter === "all" || status === filter || (filter === "failed" && isBad(status));
}

/** How many cases have which status, what did not pass first: `1 failed · 4 passed`. */
export function countsText(counts) {
  return STATUSES.filter((status) => counts[status]).map((status) => t(`count.${status}`, { count: counts[status] })).join(" · ");
}

/** Buttons for the filters `names`; `choose(name)` is called. `update` shows the number of cases of each, and which is chosen. */
export class StatusFilter {
  constructor(names, choose) {
    this.names = names;
    this.choose = choose;
    this.element = h("div", { class: "segmented filters", role: "group" });
  }

  /** `counts`: cases by status, as far as there are some. */
  update(counts, chosen) {
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const numbers = { ...counts, all, failed: BAD_STATUSES.reduce((sum, status) => sum + (counts[status] || 0), 0) };
    this.build();
    for (const button of this.element.children) {
      const name = button.dataset.filter;
      setText(button.querySelector(".filter-count"), numbers[name] || 0);
      setAria(button, "pressed", String(name === chosen));
      show(button, name === "all" || name === chosen || numbers[name]);
    }
  }

  build() {
    const { lang } = document.documentElement;
    if (this.element.dataset.language === lang) return;
    this.element.dataset.language = lang;
    setAria(this.element, "label", t("filter.title"));
    fill(
      this.element,
      this.names.map((name) =>
        h(
          "button",
          { type: "button", class: name === "all" ? "" : `is-${name}`, data: { filter: name }, onclick: () => this.choose(name) },
          name === "all" ? null : icon(name),
          h("span", {}, t(`filter.${name}`)),
          h("span", { class: "filter-count number" }),
        ),
      ),
    );
  }
}
