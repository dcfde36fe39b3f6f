// Numbers as people type them, read by the server's rules (domain/text_values.py); both follow one table of examples.

const NUMBER = /^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/;
const INTEGER = /^[+-]?[0-9]+$/;
const AROUND = "[ \\t\\n\\v\\f\\r\\x85\\xa0\\u1680\\u180e\\u2000-\\u200d\\u2028\\u2029\\u202f\\u205f\\u2060\\u3000\\ufeff]+";
const EDGES = new RegExp(`^${AROUND}|${AROUND}$`, "g");

/** A text without white space and characters without width around it. */
export function stripped(text) {
  return text.replace(EDGES, "");
}

/** `{ number }`, or `{ code }` of what is wrong: "comma", "number" or "integer". */
export function readNumber(text, { decimalComma = false, integer = false } = {}) {
  let written = stripped(text);
  if (integer) return INTEGER.test(written) ? { number: Number(written) } : { code: "integer" };
  if (written.includes(",")) {
    if (!decimalComma) return { code: "comma" };
    if (written.includes(".") || written.indexOf(",") !== written.lastIndexOf(",")) return { code: "number" };
    written = written.replace(",", ".");
  }
  if (!NUMBER.test(written) || !Number.isFinite(Number(written))) return { code: "number" };
  return { number: Number(written) };
}
