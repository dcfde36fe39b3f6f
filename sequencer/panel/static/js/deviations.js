// What a run was started with that is not the default: who looks at a verdict sees what was tested.

import { state } from "./state.js";
import { t } from "./text.js";

/**
 * Names and values of the parameters of the run that deviate from their defaults, as texts. What stands beside them already,
 * like the serial number that was scanned, is among `shown`.
 */
export function deviations(shown) {
  const { run, session } = state;
  if (!run.id) return [];
  const known = shown.map(String);
  return (session.params || [])
    .filter(({ name, default: usual }) => name in run.params && run.params[name] !== usual)
    .map(({ name }) => [name, inWords(run.params[name])])
    .filter(([, value]) => !known.includes(value));
}

function inWords(value) {
  if (value === null) return "–";
  return typeof value === "boolean" ? t(value ? "value.true" : "value.false") : String(value);
}
