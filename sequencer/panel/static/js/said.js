// Sentences of hardseq in reports, in the page's language. The report itself is English, one for everybody.

import { UNIT_SIGNS, decimal, englishOf, number, t } from "./text.js";

const VALUE = String.raw`-?(?:\d[\d.]*(?:e[-+]?\d+)?|inf|nan)(?: \S+|[${UNIT_SIGNS.join("")}])?|"(?:[^"\\]|\\.)*"|\[.*\]|true|false|null`;
/** What may stand in a slot; elsewhere anything. */
const SLOTS = { value: VALUE, limit: VALUE, upper: VALUE, name: String.raw`'[^']*'|"[^"]*"`, case: String.raw`\S+`, number: String.raw`\d[\d.]*` };
let patterns = null;

/**
 * `text` in the page's language, its numbers as everywhere on the page, as far as it is a sentence that hardseq makes; what
 * people and drivers wrote stays.
 */
export function said(text) {
  if (!text) return text;
  return translated(text) ?? parted(text) ?? text;
}

function translated(text) {
  patterns ??= [...englishOf("said."), ...englishOf("outcome.")].map(([name, english]) => [name, pattern(english)]);
  for (const [name, { form, slots }] of patterns) {
    const match = form.exec(text);
    if (match) return t(name, filled(slots, match.slice(1)));
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

function filled(slots, texts) {
  const written = (digits) => texts.map((text, index) => (slots[index] in SLOTS ? digits(text) : slots[index] === "outcome" || slots[index] === "said" ? said(text) : text));
  const short = written(readable);
  // A value must not read like the limit that it just missed.
  const shown = new Set(short).size < new Set(texts).size ? written(exact) : short;
  return Object.fromEntries(slots.map((slot, index) => [slot, shown[index]]));
}

/** `4.581467762580532 V` with as many digits as everywhere on the page. */
function readable(text) {
  const match = /^(-?\d+\.\d+(?:e[-+]?\d+)?)([^\d.].*)?$/.exec(text);
  return match ? number(Number(match[1])) + (match[2] ?? "") : text;
}

function exact(text) {
  return /^-?\d+\.\d+(?![\d.])/.test(text) ? decimal(text) : text;
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
