// What a run was started with that is not the default: who looks at a verdict sees what was tested.

import { state } from "./state.js";
import { everyDigit, t } from "./text.js";

/**
 * Prompts (else names) and values of the parameters of the run that deviate from their defaults, as texts. What stands beside them already,
 * like the serial number that was scanned, is among `shown`.
 */
export function deviations(shown) {
  const { run, session } = state;
  if (!run.id) return [];
  const known = shown.map(String);
  return (session.params || [])
    .filter(({ name, default: usual }) => name in run.params && run.params[name] !== usual)
    .map(({ name, prompt }) => [prompt || name, inWords(run.params[name])])
    .filter(([, value]) => !known.includes(value));
}

function inWords(value) {
  if (value === null) return "–";
  if (typeof value === "number") return state.session.settings.decimal_comma ? everyDigit(value).replace(".", ",") : everyDigit(value);
  return typeof value === "boolean" ? t(value ? "value.true" : "value.false") : String(value);
}
