// Why somebody chooses cases: asked for beside the choice where people log in, for the log; it may stay empty.

import { LONGEST_REASON } from "./constants.js";
import { h, setAria, show } from "./dom.js";
import { named } from "./people.js";
import { t } from "./text.js";

const input = h("input", { type: "text", class: "choose-why", maxLength: LONGEST_REASON, autocomplete: "off", hidden: true });

/** The field; nothing is in it when a choice begins. */
export function whyField() {
  return input;
}

/** Shows the field while cases are `choosing`. */
export function askWhy(choosing) {
  if (!choosing) input.value = "";
  show(input, choosing && named());
  input.placeholder = t("choose.why");
  setAria(input, "label", t("choose.why"));
}

/** What is in it; null for nothing. */
export function chosenWhy() {
  return input.value.trim() || null;
}
