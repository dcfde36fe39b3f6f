// Texts in the page's language, and numbers, times and durations as its readers write them.

import { memory } from "./dom.js";

export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  zh: "中文",
  ja: "日本語",
  ru: "Русский",
  cs: "Čeština",
};

export const UNIT_SIGNS = ["%", "°", "′", "″"];

let texts = {};
let language = "en";
/** The language as the reader's country writes it, as far as the browser knows: `en-GB` for `en`. */
let locale = "en";
let plurals = new Intl.PluralRules("en");
let numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 7, useGrouping: false });
let listeners = [];

async function load(name) {
  const answer = await fetch(new URL(`../translations/${name}.json`, import.meta.url));
  return answer.json();
}

/** Loads the language that this browser chose, else the configured one. */
export async function loadLanguage(wanted = memory.get("language") || document.documentElement.lang) {
  language = wanted in LANGUAGES ? wanted : "en";
  texts = await load(language);
  locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
  plurals = new Intl.PluralRules(locale);
  numbers = new Intl.NumberFormat(locale, { maximumSignificantDigits: 7, useGrouping: false });
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

export function currentLanguage() {
  return language;
}

/** The language and country whose numbers and times are written: `en-GB`. */
export function currentLocale() {
  return locale;
}

/** Calls back when the language changes. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/**
 * A text by its name, `{slots}` filled; a name that has none shows itself. A text with several forms is that for the number
 * in `count`.
 */
export function t(name, slots = {}) {
  const found = texts[name] ?? name;
  const text = typeof found === "string" ? found : found[plurals.select(slots.count)] ?? found.other;
  return text.replace(/\{(\w+)\}/g, (whole, slot) => (slot in slots ? filled(slots[slot]) : whole));
}

function filled(slot) {
  return typeof slot === "number" ? number(slot) : String(slot);
}

export function hasText(name) {
  return name in texts;
}

/** A decimal number that is written as programs do, as people do. */
export function decimal(written) {
  return written.replace(".", (0.5).toLocaleString(locale).charAt(1));
}

/** Any value of a measurement or answer, for people. */
export function value(of) {
  if (of === null || of === undefined) return "—";
  if (typeof of === "number") return number(of);
  if (typeof of === "string") return of;
  if (typeof of === "boolean") return t(of ? "value.true" : "value.false");
  if (Array.isArray(of) && of.length > 8) return `[${of.slice(0, 8).map(value).join(", ")}, … ${of.length}]`;
  if (Array.isArray(of)) return `[${of.map(value).join(", ")}]`;
  return JSON.stringify(of);
}

/** `10.5 V`, and `45°`: signs that belong to the number follow it without a blank. */
export function measured(written, unit) {
  if (!unit) return written;
  return UNIT_SIGNS.includes(unit) ? written + unit : `${written} ${unit}`;
}

/** As the server writes it (`vocabulary/shown.py`), with the reader's decimal sign; a test holds the two equal. */
export function number(of) {
  if (Number.isSafeInteger(of)) return String(of);
  const size = Math.abs(of);
  if (size !== 0 && (size >= 1e9 || size < 1e-4)) return decimal(of.toExponential(4).replace(/\.?0+e/, "e"));
  return numbers.format(Number(of.toPrecision(7)));
}

/** Every digit of a number, as the server shows it where two would read the same. */
export function everyDigit(of) {
  const size = Math.abs(of);
  const long = Number.isInteger(of) ? size >= 1e16 : size < 1e-4;
  return decimal(long ? of.toExponential() : String(of));
}

/** Decimals of a percentage, at most. */
const MOST_PLACES = 6;

/** A number at an axis: thousands are short, as in `20K`, where the axis has `large` numbers. */
export function axisNumber(of, large) {
  if (!large || Math.abs(of) < 1e3) return number(of);
  return new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 2 }).format(of);
}

export function percent(of, digits = 1) {
  if (of === null || of === undefined) return "—";
  let places = digits;
  // What is not nothing does not read as nothing, and what is not all not as all.
  while (places < MOST_PLACES && of > 0 && of < 1 && [0, 100].includes(Number((100 * of).toFixed(places)))) places += 1;
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: places }).format(of);
}

/** A number with so many decimals. */
export function fixed(of, digits) {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(of);
}

/** A whole number of things: `12,345`. */
export function amount(of) {
  return new Intl.NumberFormat(locale).format(of);
}

/** `0:07`, `12:34`, `1:02:03`; `fine`, as of what is over: `120 ms`, `7.1 s`, as the server writes it (`vocabulary/times.py`). */
export function duration(seconds, { fine = false } = {}) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "—";
  const whole = Math.max(0, seconds);
  const milliseconds = Math.floor(whole * 1000 + 0.5);
  if (fine && milliseconds < 1000) return t("unit.ms", { value: milliseconds });
  if (fine && milliseconds < 60_000) return t("unit.s", { value: fixed(Math.floor((milliseconds + 50) / 100) / 10, 1) });
  const rounded = Math.floor(fine ? milliseconds / 1000 : whole);
  const pad = (of) => String(of).padStart(2, "0");
  const [hours, minutes, left] = [Math.floor(rounded / 3600), Math.floor(rounded / 60) % 60, rounded % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(left)}` : `${minutes}:${pad(left)}`;
}

/** A moment in Unix seconds: date and time. */
export function moment(seconds) {
  if (!seconds) return "—";
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(seconds * 1000);
}

/** The time of day in hours and minutes. */
export function hour(seconds) {
  return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(seconds * 1000);
}

/** How long ago a moment in Unix seconds was; of one on another day than today and yesterday, its date. */
export function past(seconds, now) {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const ago = now - seconds;
  if (ago > -60 && ago < 60) return relative.format(-Math.max(1, Math.floor(ago)), "second");
  if (ago >= 60 && ago < 3600) return relative.format(-Math.floor(ago / 60), "minute");
  const days = Math.round((midnight(now) - midnight(seconds)) / 86_400_000);
  if (days !== 0 && days !== 1) return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);
  return `${relative.format(-days, "day")} ${hour(seconds)}`;
}

function midnight(seconds) {
  return new Date(seconds * 1000).setHours(0, 0, 0, 0);
}

export function clock(seconds) {
  if (!seconds) return "—";
  return new Intl.DateTimeFormat(locale, { timeStyle: "medium" }).format(seconds * 1000);
}
