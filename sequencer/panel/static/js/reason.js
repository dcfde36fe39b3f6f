// Reasons of hardseq in the page's language: codes with parameters, as `sequencer/vocabulary/reason.py` has them.

import { everyDigit, hasText, measured, number, t } from "./text.js";

/** Parameters that are shown with the reason's unit. */
const QUANTITIES = ["value", "limit", "upper", "choices"];
/** Parameters that are words, with the family of texts that they are of. */
const WORDS = { outcome: "outcome", kind: "kind", wanted: "kind", role: "role" };

/**
 * The reason `coded` ({code, parameters}) in the page's language. The English `sentence` beside it where there is no code,
 * as for what people and drivers wrote, or one that this page does not know.
 */
export function reasonText(coded, sentence) {
  return (coded && translated(coded)) ?? sentence ?? "";
}

/** A reason that the page itself finds, such as why it does not take what was typed. */
export function refused(code, parameters = {}) {
  return translated({ code, parameters });
}

/** Why a text does not match the pattern of `asked`: by its hint, else by its example. Nobody reads the pattern itself. */
export function wrongForm({ hint, example }) {
  if ((hint ?? null) !== null) return refused("form", { hint });
  return (example ?? null) === null ? refused("pattern") : refused("form_example", { example });
}

function translated({ code, parameters }) {
  if (!hasText(`reason.${code}`)) return null;
  const given = Object.entries(parameters);
  const quantities = given.filter(([name]) => QUANTITIES.includes(name)).flatMap(([, of]) => of);
  // A value must not read like the limit that it just missed.
  const write = new Set(quantities.map(readable)).size < new Set(quantities).size ? exact : readable;
  const slots = given.map(([name, of]) => [name, shown(name, of, write, parameters.unit)]);
  return slots.some(([, text]) => text === null) ? null : t(`reason.${code}`, Object.fromEntries(slots));
}

/** A parameter as text, `null` when this page does not know it; numbers of quantities by `write`. */
function shown(name, of, write, unit) {
  if (Array.isArray(of)) return of.map((one) => shown(name, one, write, unit)).join(", ");
  if (typeof of === "number") return QUANTITIES.includes(name) ? measured(write(of), unit) : number(of);
  if (typeof of === "object" && of !== null) return translated(of);
  return name in WORDS && hasText(`${WORDS[name]}.${of}`) ? t(`${WORDS[name]}.${of}`) : String(of);
}

function readable(of) {
  return typeof of === "number" ? number(of) : of;
}

function exact(of) {
  return typeof of === "number" ? everyDigit(of) : of;
}
