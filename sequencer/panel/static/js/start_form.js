// The start form: one field per parameter, made for a barcode scanner. The focus is in the field, Enter starts.

import { ApiError, post } from "./api.js";
import { fill, h, newId, setAria, setText, show } from "./dom.js";
import { readNumber, stripped } from "./number_text.js";
import { reasonText, refused, wrongForm } from "./reason.js";
import { on, state, takeForm } from "./state.js";
import { t } from "./text.js";
import { toast, toastError, withdraw } from "./toast.js";

let fields = [];
let known = "";
let sequence = null;
/** What was entered and the panel does not have, by field: it outlives a panel that is restarted. */
const entered = new Map();
/** A start of these values got no answer: nobody knows whether it came through. */
let unanswered = null;

on("connection", () => {
  if (!state.connected) return;
  for (const field of fields) if (field.unsent) field.send();
});
for (const kind of ["begin", "snapshot", "run"]) on(kind, forgetStarted);
on("begin", () => fields.forEach((field) => field.complain("")));
addEventListener("hardseq-modal-left", () => fields.find((field) => field.input === document.activeElement)?.focus());

/** Draws the form when the parameters changed, with what was entered; else takes up what was entered in other browsers. */
export function renderForm(form) {
  const { params = [], choices = [], choice, form: kept } = state.session;
  const mark = JSON.stringify([params, choices, choice, kept?.lost, document.documentElement.lang]);
  if (known === mark) return fields.forEach((field) => field.take());
  known = mark;
  const typing = fields.find((field) => field.input === document.activeElement);
  if (sequence !== choice) entered.clear();
  else for (const field of fields) if (field.unsent || (field.param.each_run && field.touched)) entered.set(field.param.name, field.written);
  sequence = choice;
  fields = params.map((param) => new ParamField(param));
  fill(form, lostNote(kept?.lost ?? {}), choices.length > 1 ? choiceField(choices, choice) : null, fields.map((field) => field.element));
  // Enter in a field starts: a form with several fields needs a button for that.
  form.append(h("button", { type: "submit", hidden: true, tabIndex: -1 }));
  show(form, choices.length > 1 || fields.length);
  for (const field of fields) field.restore(entered);
  if (typing) fields.find((field) => field.param.name === typing.param.name)?.replace(typing);
}

/** The values by name, or null when one is not right: then it says so and has the focus. */
export function formValues() {
  const values = {};
  let first = null;
  for (const field of fields) {
    if (!field.check()) first ??= field;
    values[field.param.name] = field.value();
  }
  first?.focus();
  if (first) return null;
  if (!Object.keys(state.session.form?.lost ?? {}).length) return values;
  toast(t("form.look"), "warning", "form");
  markScan();
  return null;
}

/** The next product's turn: what was `started` with and belonged to that one goes, what has been entered since does not. */
export function emptyForm(started) {
  entered.clear();
  unanswered = null;
  for (const field of fields) if (field.value() === started[field.param.name]) field.empty();
  dispatchEvent(new Event("hardseq-form"));
}

/** A start of `values` was not answered; `before` is the id of the run that was shown then. */
export function startUnanswered(values, before) {
  unanswered = { values, before };
  forgetStarted();
}

/** A run with these values is there: it was that start, and they are not to be started again by the next Enter. */
function forgetStarted() {
  const { run } = state;
  if (!unanswered || !run?.id || run.id === unanswered.before) return;
  const mine = fields.filter((field) => field.param.each_run);
  if (mine.every(({ param }) => String(run.params[param.name]) === String(unanswered.values[param.name]))) emptyForm(unanswered.values);
}

/** Marks what was scanned, so that the next scan takes its place. */
export function markScan() {
  (scanField() ?? fields.find((field) => field.isLine()))?.focus();
}

/** Where scans go. */
function scanField() {
  return fields.find((field) => field.param.each_run && field.isLine());
}

/** Whether there is a field for scans. */
export function hasScanField() {
  return fields.some((field) => field.isLine());
}

/** Whether it is on the page now. */
export function takesScans() {
  return fields.some((field) => field.isLine() && field.input.checkVisibility());
}

/** Whether an element is one of the form's. */
export function isOfForm(element) {
  return fields.some((field) => field.input === element);
}

/**
 * What Enter does in a form that is scanned field by field: the focus goes to the next field that must be filled in. False
 * when there is none; then Enter starts.
 */
export function moveOn() {
  const here = fields.find((field) => field.input === document.activeElement);
  const next = fields.find((field) => field !== here && field.isMissing());
  if (!here || !next || here.isMissing()) return false;
  (here.check() ? next : here).focus();
  return true;
}

/** The parameter that is asked for anew for each board, undefined when there is none: its serial number as a rule. */
export function boardParam(params) {
  return params.find((param) => param.each_run);
}

/** What stands in the field of that parameter, as far as it can be right; null for nothing. */
export function boardNumber() {
  const param = boardParam(fields.map((field) => field.param));
  const value = param ? fields.find((field) => field.param === param).value() : null;
  return value === null || (param.pattern && !matches(param.pattern, String(value))) ? null : String(value);
}

/** What was scanned into the field that has the focus, or else where scans go. */
export function scanned() {
  const field = scannedField();
  return field ? stripped(String(field.input.value)) : "";
}

/** Takes it out again: it was not meant for the field. */
export function dropScan() {
  scannedField()?.set(null);
}

function scannedField() {
  return fields.find((field) => field.input === document.activeElement && field.param.each_run && field.isLine()) ?? scanField();
}

/** Whether nothing was entered of what each product has another of. */
export function isOwnEmpty() {
  return fields.every(({ param, input, touched }) => !param.each_run || !touched || input.value === "");
}

/** The values by name of what each product has another of; null when one is not right, or one of the batch is not. */
export function ownValues() {
  const values = formValues();
  const own = fields.filter(({ param }) => param.each_run).map(({ param }) => [param.name, values?.[param.name]]);
  return values && Object.fromEntries(own);
}

/** Puts values of an earlier run into their fields; whoever reads them then starts, or does not. */
export function fillForm(values) {
  for (const field of fields) if (field.param.name in values) field.fill(values[field.param.name]);
  dispatchEvent(new Event("hardseq-form"));
}

/** What the server found wrong. */
export function showFieldProblems(problems) {
  for (const problem of problems) {
    const field = fields.find((one) => one.param.name === problem.field);
    if (field) field.complain(reasonText(problem.coded_reason, problem.message));
    else toast(problem.message ? `${problem.field}: ${reasonText(problem.coded_reason, problem.message)}` : t("start.refused"), "failed", "start");
  }
  fields.find((field) => field.problem.textContent)?.focus();
}

/** What puts back what now stands in the fields, and whether somebody touched them. */
export function undoing() {
  const before = new Map(fields.map(({ param, written, touched }) => [param.name, { written, touched }]));
  return () => fields.forEach((field) => Object.assign(field, before.get(field.param.name)));
}

/** Puts the focus where the next scan goes, unless somebody is busy elsewhere; `away`: also from another field. */
export function focusForm({ away = false } = {}) {
  const busy = !away && document.activeElement && document.activeElement !== document.body && document.activeElement.matches("input, select, textarea, dialog *");
  if (busy || document.querySelector("dialog[open]")) return;
  const lines = fields.filter((field) => field.isLine());
  (lines.find((field) => field.isMissing()) ?? scanField() ?? lines[0] ?? fields[0])?.focus();
}

/** What was kept once and cannot be used any more: nobody tests with the defaults instead unawares. */
function lostNote(lost) {
  const names = Object.keys(lost);
  if (!names.length) return null;
  const values = names.map((name) => `${name}: ${lost[name]}`).join(", ");
  const seen = h("button", { type: "button", class: "button small", onclick: () => keep({}) }, t("form.seen"));
  return h("div", { class: "form-lost", role: "alert" }, h("p", {}, t("form.lost", { values })), seen);
}

/** Keeps values for the batch; false when the panel could not be reached. */
async function keep(values) {
  try {
    takeForm((await post("/api/form", { sequence, values })).form);
    withdraw("form");
  } catch (error) {
    if (!(error instanceof ApiError)) return false;
    if (error.fields.length) showFieldProblems(error.fields);
    else toastError(error, "form");
  }
  return true;
}

function choiceField(choices, choice) {
  const id = newId("choice");
  const select = h(
    "select",
    {
      id,
      onchange: async () => {
        try {
          await post("/api/choice", { name: select.value });
        } catch (error) {
          toastError(error, "form");
          select.value = state.session.choice;
        }
      },
    },
    choices.map((one) => h("option", { value: one.name, selected: one.name === choice, title: one.description || "" }, one.name)),
  );
  const about = choices.find((one) => one.name === choice)?.description;
  return h("div", { class: "field choice-field" }, h("label", { htmlFor: id }, t("start.sequence")), select, about ? h("p", { class: "muted" }, about) : null);
}

class ParamField {
  constructor(param) {
    this.param = param;
    const id = newId("param");
    this.problem = h("p", { class: "field-problem", id: `${id}-problem`, role: "alert" });
    this.input = this.makeInput(id);
    /** Whether somebody typed, scanned or clicked into it since it was emptied. */
    this.touched = false;
    /** What was entered here and the panel does not have yet: nothing from elsewhere takes its place. */
    this.unsent = false;
    /** Whether it holds the value of an earlier run, for the next one alone. */
    this.borrowed = false;
    this.input.addEventListener("pointerdown", () => this.touch());
    this.input.addEventListener("input", () => this.touch());
    this.input.addEventListener("change", () => this.send());
    this.element = h(
      "div",
      { class: `field ${param.type === "boolean" ? "is-switch" : ""}` },
      h("label", { htmlFor: id }, param.prompt || param.name, (param.required && param.type !== "boolean") || param.default !== null ? null : h("span", { class: "muted" }, ` ${t("field.optional")}`)),
      this.input,
      this.problem,
    );
  }

  makeInput(id) {
    const { param } = this;
    const shared = { id, name: param.name, aria: { describedby: `${id}-problem` } };
    if (param.type === "boolean") return h("input", { ...shared, type: "checkbox", role: "switch", checked: param.default === true });
    if (param.one_of?.length) {
      const options = param.one_of.map((one) => h("option", { value: JSON.stringify(one), selected: one === param.default }, String(one)));
      if (!param.required || param.default === null) options.unshift(h("option", { value: "", selected: param.default === null }, t("field.choose")));
      return h("select", shared, options);
    }
    const numeric = param.type !== "string";
    return h("input", {
      ...shared,
      type: "text",
      inputMode: numeric ? "decimal" : "text",
      value: param.default ?? "",
      placeholder: (param.example ?? null) !== null ? t("field.example", { example: param.example }) : param.prompt ? param.name : "",
      autocapitalize: "off",
      spellcheck: false,
      enterKeyHint: "go",
    });
  }

  touch() {
    this.touched = true;
    this.complain("");
  }

  /** Takes up what was entered for the batch, here or in another browser. */
  take() {
    const { each_run: own, name } = this.param;
    if (own || this.unsent || this.borrowed || (this.touched && this.input === document.activeElement && this.isLine())) return;
    this.set(state.session.form?.values[name] ?? this.param.default);
  }

  /** What a form that is drawn anew begins with. */
  restore(before) {
    const { name } = this.param;
    this.take();
    if (!before.has(name)) return;
    this.written = before.get(name);
    before.delete(name);
    this.touched = true;
    this.send();
  }

  /** As it stands there, right or not. */
  get written() {
    return this.param.type === "boolean" ? this.input.checked : this.input.value;
  }

  set written(written) {
    if (this.param.type === "boolean") this.input.checked = written;
    else this.input.value = written;
  }

  /** A run of what stands here has begun. */
  empty() {
    this.complain("");
    if (!this.param.each_run && !this.borrowed) return;
    this.borrowed = this.touched = false;
    if (this.param.each_run) this.set(this.param.default);
    else this.take();
  }

  set(value) {
    if (this.param.type === "boolean") this.input.checked = value === true;
    else if (this.param.one_of?.length) this.input.value = value === null ? "" : JSON.stringify(value);
    else if (this.input.value !== String(value ?? "")) this.input.value = value ?? "";
  }

  /** Keeps what was entered for the batch; what is not right only stands here, and nothing starts with it. */
  async send() {
    const value = this.value();
    if (this.param.each_run) return;
    this.unsent = true;
    this.borrowed = false;
    if (value !== null && !this.check()) return;
    const answered = await keep({ [this.param.name]: value });
    if (!answered || value !== this.value()) return;
    this.unsent = this.touched = false;
    if (!this.problem.textContent) this.take();
  }

  /** Takes the place of `before` while somebody types or scans into that. */
  replace(before) {
    this.input.focus({ preventScroll: true });
    if (this.isLine() && before.isLine()) this.input.setSelectionRange(before.input.selectionStart, before.input.selectionEnd);
  }

  /** With the focus what stands there is marked, so that the next scan takes its place. */
  focus() {
    this.input.focus({ preventScroll: true });
    this.input.select?.();
  }

  value() {
    if (this.param.type === "boolean") return this.input.checked;
    if (this.param.one_of?.length) return this.input.value === "" ? null : JSON.parse(this.input.value);
    // Scanners put blanks and the like after what they read.
    return stripped(this.input.value) || null;
  }

  /** The value of an earlier run, for one run: the batch stays as it is. */
  fill(value) {
    this.set(value);
    this.borrowed = !this.param.each_run;
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Whether a scanner can type into it. */
  isLine() {
    return this.input.type === "text";
  }

  isMissing() {
    return this.isUntouched() || (this.param.required && this.param.default === null && this.value() === null);
  }

  /** Whether it holds the default of a number that each product has another of, or was emptied and would be started with that. */
  isUntouched() {
    const { each_run: own, default: meant } = this.param;
    return own && this.isLine() && !(this.touched && this.value() !== null) && meant !== null && meant !== "";
  }

  check() {
    const value = this.value();
    const { param } = this;
    let problem = "";
    if (value !== null && this.isUntouched()) problem = t("start.untouched");
    else if (value === null) problem = this.isMissing() ? refused("required") : "";
    else if (param.pattern && !matches(param.pattern, String(value))) problem = wrongForm(param);
    else if (param.type === "integer" || param.type === "number") problem = this.checkNumber(value);
    this.complain(problem);
    return !problem;
  }

  checkNumber(value) {
    const { param } = this;
    // One of `one_of` is a number already.
    const { number, code } = readNumber(String(value), { integer: param.type === "integer", decimalComma: state.session.settings.decimal_comma });
    if (code) return refused(code);
    if (param.minimum !== null && number < param.minimum) return refused("min", { limit: param.minimum });
    if (param.maximum !== null && number > param.maximum) return refused("max", { limit: param.maximum });
    return "";
  }

  complain(problem) {
    setText(this.problem, problem);
    setAria(this.input, "invalid", problem ? "true" : null);
  }
}

/** A pattern is written for Python: what JavaScript cannot read, or reads in another way, is left to the server. */
export function matches(pattern, text) {
  // Letters and digits of all alphabets are `\w` and `\d` there.
  if (/\\[wdb]/i.test(pattern) && /[^\x00-\x7f]/.test(text)) return true;
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}
