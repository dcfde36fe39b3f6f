// Figures of measurements as people read them.

import { fixed, measured, number } from "./text.js";

/** Digits beyond these are noise in a mean, and in what values scatter. */
const DIGITS = 6;
const SPREAD_DIGITS = 3;

/** A value with its unit; "—" where there is none. */
export function quantity(value, unit, digits = DIGITS) {
  return value === null || value === undefined ? "—" : measured(number(Number(value.toPrecision(digits))), unit);
}

/** A sigma or a range with its unit. */
export function spread(value, unit) {
  return quantity(value, unit, SPREAD_DIGITS);
}

/** `4.9 … 5.1 V`; "—" where nothing is bounded. */
export function range(lower, upper, unit) {
  return lower === null && upper === null ? "—" : `${quantity(lower, upper === null ? unit : null)} … ${quantity(upper, unit)}`;
}

/** A capability index. */
export function ratio(value) {
  return value === null || value === undefined ? "—" : fixed(value, 2);
}

/** How good a capability index is: 1.33 and more is what AIAG asks of a process, below 1 it makes scrap. */
export function graded(value) {
  if (value === null || value === undefined) return "";
  return value >= 1.33 ? "is-passed" : value >= 1 ? "is-stopped" : "is-failed";
}

/** `Voltage (V)`. */
export function withUnit(name, unit) {
  return unit ? `${name} (${unit})` : name;
}

/** `r = 0.98`. */
export function correlation(r) {
  return `r = ${ratio(r)}`;
}
