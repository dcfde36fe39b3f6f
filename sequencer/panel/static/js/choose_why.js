// Why somebody chooses cases: asked for beside the choice.

import { WhyField } from "./why_field.js";

const field = new WhyField("choose.why");

/** The field; nothing is in it when a choice begins. */
export function whyField() {
  return field.element;
}

/** Shows the field while cases are `choosing`. */
export function askWhy(choosing) {
  field.ask(choosing);
}

/** What is in it; null for nothing. */
export function chosenWhy() {
  return field.said;
}
