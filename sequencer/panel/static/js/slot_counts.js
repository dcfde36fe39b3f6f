// How many slots are what, in words.

import { WORST_FIRST } from "./state.js";
import { t } from "./text.js";

const ORDER = ["run", "ready", ...WORST_FIRST, "blocked"];

/** Of statuses as a tile has them; what is none of these words is left out. */
export function slotCounts(statuses) {
  return ORDER.filter((status) => statuses.includes(status)).map((status) => t(`slots.count.${status}`, { count: statuses.filter((one) => one === status).length })).join(" · ");
}
