// The start form: one field per parameter, made for a barcode scanner. The focus is in the field, Enter starts.

import { post } from "./api.js";
import { fill, h, newId, setAria, setText, show } from "./dom.js";
import { readNumber, stripped } from "./number_text.js";
import { reasonText, refused, wrongForm } from "./reason.js";
import { state } from "./state.js";
import { t } from "./text.js";
import { toast } from "./toast.js";

let fields = [];
let known = "";

/** Draws the form when the parameters changed, or again (emptied) when asked. */
export function renderForm(form, renew = false) {
  const { params = [], choices = [], choice } = state.session;
  const mark = JSON.stringify([params, choices, choice, document.documentElement.lang]);
  if (!renew && known === mark) return;
  known = mark;
  fields = params.map((param) => new ParamField(param));
  fill(form, choices.length > 1 ? choiceField(choices, choice) : null, fields.map((field) => field.element));
  // Enter in a field starts: a form with several fields needs a button for that.
  form.append(h("button", { type: "submit", hidden: true, tabIndex: -1 }));
  show(form, choices.length > 1 || fields.length);
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
  return first ? null : values;
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
  return params.find((param) => param.each_run ?? (param.required && param.type === "string" && param.default === null && !param.one_of?.length));
}

/** What stands in the field of that parameter, as far as it can be right; null for nothing. */
export function boardNumber() {
  const param = boardParam(fields.map((field) => field.param));
  const value = param ? fields.find((field) => field.param === param).value() : null;
  return value === null || (param.pattern && !matches(param.pattern, String(value))) ? null : String(value);
}

/** Puts values of an earlier run into their fields; whoever reads them then starts, or does not. */
export function fillForm(values) {
  for (const field of fields) if (field.param.name in values) field.fill(values[field.param.name]);
}

/** What the server found wrong. */
export function showFieldProblems(problems) {
  for (const problem of problems) {
    const field = fields.find((one) => one.param.name === problem.field);
    if (field) field.complain(reasonText(problem.coded_reason, problem.message));
    else toast(problem.message ? `${problem.field}: ${reasonText(problem.coded_reason, problem.message)}` : t("start.refused"), "failed");
  }
  fields.find((field) => field.problem.textContent)?.focus();
}

/** Puts the focus where the next scan goes, unless somebody is busy elsewhere. */
export function focusForm() {
  const busy = document.activeElement && document.activeElement !== document.body && document.activeElement.matches("input, select, textarea, dialog *");
  if (busy || document.querySelector("dialog[open]")) return;
  const lines = fields.filter((field) => field.isLine());
  (lines.find((field) => field.isMissing()) ?? lines[0] ?? fields[0])?.focus();
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
          toast(error.message, "failed");
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
    this.input.addEventListener("input", () => this.complain(""));
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

  fill(value) {
    const { param, input } = this;
    if (param.type === "boolean") input.checked = value === true;
    else if (param.one_of?.length) input.value = value === null ? "" : JSON.stringify(value);
    else input.value = value ?? "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Whether a scanner can type into it. */
  isLine() {
    return this.input.type === "text";
  }

  isMissing() {
    return this.param.required && this.param.default === null && this.value() === null;
  }

  check() {
    const value = this.value();
    const { param } = this;
    let problem = "";
    if (value === null) problem = this.isMissing() ? refused("required") : "";
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
