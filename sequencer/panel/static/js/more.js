// What can be done with what a page shows: a row of buttons; where that has no room, a menu of them.

import { h, icon, newId } from "./dom.js";
import { t } from "./text.js";

const NARROW = matchMedia("(max-width: 44rem)");
NARROW.addEventListener("change", () => document.querySelectorAll(".more-row").forEach(fit));

/** The buttons in a row, or behind a button of their own that says `More`. */
export function moreRow(...buttons) {
  const id = newId("more");
  const row = h("div", { class: "button-row more-row", id, onclick: () => row.popover && row.hidePopover() }, buttons);
  const button = h("button", { type: "button", class: "button small more-button" }, t("more.open"), icon("chevron"));
  button.setAttribute("popovertarget", id);
  fit(row);
  return h("div", { class: "more" }, button, row);
}

function fit(row) {
  row.popover = NARROW.matches ? "auto" : null;
}
