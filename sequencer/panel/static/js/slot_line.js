// Which slot asks or tells something: its number, large, and what people call it.

import { h } from "./dom.js";
import { slotName } from "./slot.js";

export function slotLine(slot) {
  return h("p", { class: "slot-line" }, h("span", { class: "slot-number" }, slot.number), h("span", { class: "slot-name" }, slotName(slot)));
}
