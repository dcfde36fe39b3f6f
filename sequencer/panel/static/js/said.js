// Sentences of hardseq in reports, in the page's language. The report itself is English, one for everybody.

import { decimal, englishOf, t } from "./text.js";

const VALUE = String.raw`-?(?:\d[\d.]*(?:e[-+]?\d+)?|inf|nan)(?: \S+)?|"(?:[^"\\]|\\.)*"|\[.*\]|true|false|null`;
/** What may stand in a slot; elsewhere anything. */
const SLOTS = { value: VALUE, limit: VALUE, upper: VALUE, name: String.raw`'[^']*'|"[^"]*"`, case: String.raw`\S+`, number: String.raw`\d[\d.]*` };
let patterns = null;

/** `text` in the page's language as far as it is a sentence that hardseq makes; what people and drivers wrote stays. */
export function said(text) {
  if (!text || document.documentElement.lang === "en") return text;
  return translated(text) ?? parted(text) ?? text;
}

function translated(text) {
  patterns ??= [...englishOf("said."), ...englishOf("outcome.")].map(([name, english]) => [name, pattern(english)]);
  for (const [name, { form, slots }] of patterns) {
    const match = form.exec(text);
    if (match) return t(name, Object.fromEntries(slots.map((slot, index) => [slot, filled(slot, match[index + 1])])));
  }
  return null;
}

function pattern(english) {
  const slots = [];
  const form = english.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
    slots.push(part);
    return `(${SLOTS[part] ?? "[^]+"})`;
  });
  return { form: new RegExp(`^${form.join("")}$`), slots };
}

function filled(slot, text) {
  if (slot === "outcome" || slot === "said") return said(text);
  return slot in SLOTS && /^-?\d+\.\d+(e|$| )/.test(text) ? decimal(text) : text;
}

/** The first part before a colon whose rest (or that itself) is a sentence of hardseq: `Output: 5.6 V is above ...`. */
function parted(text) {
  for (let at = text.indexOf(": "); at >= 0; at = text.indexOf(": ", at + 1)) {
    const [head, tail] = [text.slice(0, at), text.slice(at + 2)];
    const [before, after] = [translated(head), translated(tail)];
    if (before !== null || after !== null) return `${before ?? head}: ${after ?? said(tail)}`;
  }
  return null;
}
