// Limits as written in the sequence, in the words of `Limit.describe` (sequencer/limits), in the page's language; a test holds the
// two equal.

import { limitBounds } from "./limit_bounds.js";
import { everyDigit, measured, t } from "./text.js";

/** How a bound stands before the value, and behind it. */
const BEFORE = { gt: "<", ge: "≤" };
const BEHIND = { gt: ">", ge: "≥", lt: "<", le: "≤" };
const LONGEST = 60;
const PERCENT = /^[\s\d.]+%\s*$/;

/** `4.8 V ≤ value ≤ 5.2 V`; empty when there are none, as written when nobody knows what they say. */
export function limitsText(limits, unit) {
  if (limits === null || limits === undefined) return "";
  if (Array.isArray(limits)) return limits.length === 2 ? bounds({ ge: limits[0], le: limits[1] }, unit) : JSON.stringify(limits);
  if (typeof limits !== "object") return said(limits);
  if ("nominal" in limits) return around(limits, unit);
  if ("each" in limits) return t("limits.each", { limits: limitsText(limits.each, unit) });
  if ("outside" in limits) return outside(limits.outside, unit);
  if ("eq" in limits || "ne" in limits) return equal(limits, unit);
  if ("one_of" in limits) return t("limits.one_of", { values: [limits.one_of].flat().map((of) => said(of, unit)).join(", ") });
  if ("none_of" in limits) return t("limits.none_of", { values: [limits.none_of].flat().map((of) => said(of, unit)).join(", ") });
  if ("is" in limits) return t("limits.is", { value: said(limits.is) });
  if ("matches" in limits) return t("limits.matches", { pattern: `/${limits.matches}/` });
  if ("contains" in limits) return t("limits.contains", { text: said(limits.contains, unit) });
  return bounds(limits, unit);
}

/** From a lower to an upper bound, or one of them. */
function bounds(limits, unit) {
  const names = Object.keys(limits).filter((name) => limits[name] !== null);
  const lower = names.find((name) => name in BEFORE);
  const upper = names.find((name) => name in BEHIND && name !== lower);
  if (!names.length || names.length !== [lower, upper].filter(Boolean).length) return JSON.stringify(limits);
  if (!upper) return bound(lower, limits, unit);
  return lower ? `${said(limits[lower], unit)} ${BEFORE[lower]} ${bound(upper, limits, unit)}` : bound(upper, limits, unit);
}

function bound(name, limits, unit) {
  return `${t("limits.value")} ${BEHIND[name]} ${said(limits[name], unit)}`;
}

function outside(limits, unit) {
  const [below, above] = [["lt", "le"], ["gt", "ge"]].map((names) => names.find((name) => name in (limits ?? {})));
  if (!below || !above) return JSON.stringify({ outside: limits });
  return t("limits.or", { one: bound(below, limits, unit), other: bound(above, limits, unit) });
}

function equal(limits, unit) {
  if (limits.eq === null || typeof limits.eq === "object") return `${t("limits.value")} = ${whole(limits.eq)}`;
  const words = `${t("limits.value")} ${"ne" in limits ? "≠" : "="} ${said("ne" in limits ? limits.ne : limits.eq, unit)}`;
  return limits.ignore_case ? t("limits.ignoring_case", { limits: words }) : words;
}

function around(limits, unit) {
  const { nominal, tolerance } = limits;
  const two = tolerance !== null && typeof tolerance === "object";
  const [plus, minus] = (two ? [tolerance.plus, tolerance.minus] : [tolerance, tolerance]).map((of) => amount(of, unit));
  const { lower, upper } = limitBounds(limits);
  const interval = lower === null ? "" : ` (${bounds({ ge: lower, le: upper }, unit)})`;
  return `${said(nominal, unit)} ${plus === minus ? `± ${plus}` : `+${plus} −${minus}`}${interval}`;
}

function amount(of, unit) {
  return PERCENT.test(of) ? of.replaceAll(" ", "") : said(of, unit);
}

/** An array, a mapping or null that a value equals in every part. */
function whole(of) {
  const shown = parts(of);
  return shown.length <= 2 * LONGEST ? shown : `${shown.slice(0, 2 * LONGEST)}…`;
}

function parts(of) {
  if (Array.isArray(of)) return `[${of.map(parts).join(", ")}]`;
  if (of === null || typeof of !== "object") return said(of);
  return `{${Object.entries(of).map(([key, one]) => `${JSON.stringify(key)}: ${parts(one)}`).join(", ")}}`;
}

/** Numbers with every digit and the unit, strings in quotes unless they are a number with a unit. */
function said(of, unit) {
  if (typeof of === "number") return measured(everyDigit(of), unit);
  if (typeof of === "boolean") return String(of);
  if (typeof of === "string") return JSON.stringify(of.length > LONGEST ? `${of.slice(0, LONGEST)}…` : of);
  return JSON.stringify(of) ?? "";
}
