// A field of a dialog: text, number, switch, slider, radio, list or checkboxes, checked by the rules the server has, too.

import { h, newId, setAria, setText } from "./dom.js";
import { picture } from "./looks.js";
import { readNumber, stripped } from "./number_text.js";
import { refused, wrongForm } from "./reason.js";
import { matches } from "./start_form.js";
import { state } from "./state.js";
import { measured, t, value as shown } from "./text.js";

export class AnswerField {
  constructor(field) {
    this.field = field;
    this.name = field.name;
    this.id = newId("field");
    this.problem = h("p", { class: "field-problem", id: `${this.id}-problem`, role: "alert" });
    this.control = this[field.type]();
    this.first = this.control.matches("input, select, textarea") ? this.control : this.control.querySelector("input:checked") ?? this.control.querySelector("input, select");
    const grouped = field.type === "radio" || field.type === "checkbox" || (field.type === "list" && this.choicesHavePictures());
    const wanted = this.wanted();
    const label = field.label || (field.name === "value" ? "" : field.name);
    this.element = h(
      grouped ? "fieldset" : "div",
      { class: `field answer is-${field.type}`, data: { field: field.name }, aria: { describedby: grouped ? [field.help ? `${this.id}-help` : "", wanted ? `${this.id}-wanted` : ""].join(" ").trim() || null : null } },
      label ? (grouped ? h("legend", {}, label) : h("label", { htmlFor: this.id }, label)) : null,
      !label && !grouped ? h("label", { class: "for-readers", htmlFor: this.id }, t("dialog.answer")) : null,
      field.help ? h("p", { class: "field-help muted pre", id: `${this.id}-help` }, field.help) : null,
      wanted ? h("p", { class: "field-wanted muted", id: `${this.id}-wanted` }, wanted) : null,
      this.control,
      this.problem,
    );
    this.element.addEventListener("input", () => this.complain(""));
  }

  choicesHavePictures() {
    return this.field.choices.some((choice) => choice.image);
  }

  shared() {
    const help = this.field.help ? `${this.id}-help ` : "";
    return { id: this.id, name: this.id, aria: { describedby: `${help}${this.id}-problem` } };
  }

  // One method per type of field makes its control.

  text() {
    return this.line("text");
  }

  textarea() {
    const { field } = this;
    this.input = h("textarea", { ...this.shared(), rows: 4, value: field.default ?? "", placeholder: field.placeholder || (field.example ? t("field.example", { example: field.example }) : "") });
    return this.input;
  }

  number() {
    return this.line("decimal");
  }

  line(inputMode) {
    const { field } = this;
    this.input = h("input", {
      ...this.shared(),
      type: "text",
      inputMode,
      value: field.default ?? "",
      placeholder: field.placeholder || (field.example ? t("field.example", { example: field.example }) : ""),
      spellcheck: false,
      autocapitalize: "off",
    });
    return field.unit ? h("div", { class: "with-unit" }, this.input, h("span", { class: "unit" }, field.unit)) : this.input;
  }

  switch() {
    this.input = h("input", { ...this.shared(), type: "checkbox", role: "switch", checked: this.field.default === true });
    return this.input;
  }

  slider() {
    const { field } = this;
    const start = field.default ?? (field.min + field.max) / 2;
    const output = h("output", { class: "number", htmlFor: this.id });
    this.input = h("input", { ...this.shared(), type: "range" });
    Object.assign(this.input, { min: field.min, max: field.max, step: field.step ?? "any", value: start });
    // One that nobody touched is no answer: its middle would be a value that nobody read off anything.
    this.touched = typeof field.default === "number";
    const tell = () => {
      const said = this.touched ? measured(shown(Number(this.input.value)), field.unit) : "–";
      setText(output, said);
      setAria(this.input, "valuetext", said);
    };
    const touch = (event) => {
      if (["Tab", "Enter", "Escape", "Shift"].includes(event.key)) return;
      this.touched = true;
      tell();
    };
    for (const kind of ["input", "pointerdown", "keydown"]) this.input.addEventListener(kind, touch);
    tell();
    return h("div", { class: "slider" }, this.input, output);
  }

  radio() {
    return this.choices("radio");
  }

  checkbox() {
    return this.choices("checkbox");
  }

  list() {
    if (this.choicesHavePictures()) return this.choices("radio");
    const options = this.field.choices.map((choice, index) => h("option", { value: String(index), selected: choice.value === this.field.default }, choice.label));
    if (this.field.default === null || this.field.default === undefined) options.unshift(h("option", { value: "", selected: true }, t("field.choose")));
    this.input = h("select", this.shared(), options);
    return this.input;
  }

  choices(type) {
    const chosen = [this.field.default].flat();
    this.inputs = this.field.choices.map((choice, index) => h("input", { type, name: this.id, value: String(index), checked: chosen.includes(choice.value) }));
    return h(
      "div",
      { class: `choices ${this.choicesHavePictures() ? "with-pictures" : ""}` },
      this.field.choices.map((choice, index) => h("label", { class: "choice" }, this.inputs[index], choice.image ? picture(choice.image) : null, h("span", {}, choice.label))),
    );
  }

  /** The answer as the server takes it. */
  value() {
    const { field } = this;
    if (this.inputs) {
      const chosen = this.inputs.filter((input) => input.checked).map((input) => field.choices[Number(input.value)].value);
      return field.type === "checkbox" ? chosen : chosen[0] ?? null;
    }
    if (field.type === "switch") return this.input.checked;
    if (field.type === "slider") return this.touched ? Number(this.input.value) : null;
    if (field.type === "list") return this.input.value === "" ? null : field.choices[Number(this.input.value)].value;
    return stripped(this.input.value) || null;
  }

  /** What a scanner adds at the ends of each text is not part of the answer. */
  withoutEnds(text) {
    const { remove_prefix: prefix, remove_suffix: suffix } = this.field;
    const rest = prefix && text.startsWith(prefix) ? text.slice(prefix.length) : text;
    return stripped(suffix && rest.endsWith(suffix) ? rest.slice(0, -suffix.length) : rest);
  }

  /** With the focus what was typed is marked, so that the next scan takes its place. */
  focus() {
    this.first?.focus();
    if (this.first?.type === "text") this.first.select();
  }

  isMissing() {
    return this.field.required && isEmpty(this.value());
  }

  /** Whether the answer is allowed; says what is wrong when it is not. `optional`: nothing need be filled in. */
  check(optional = false) {
    const problem = this.problemOf(this.value(), optional);
    this.complain(problem);
    return !problem;
  }

  problemOf(value, optional) {
    const { field } = this;
    if (isEmpty(value)) return field.required && !optional ? this.missing() : "";
    if (field.type === "number") return this.numberProblem(value);
    if (field.type === "text" || field.type === "textarea") return this.textProblem(value, optional);
    if (field.type !== "checkbox") return "";
    if (field.min !== null && value.length < field.min) return refused("min_chosen", { count: field.min });
    if (field.max !== null && value.length > field.max) return refused("max_chosen", { count: field.max });
    return "";
  }

  /** How many choices are wanted tells more than that some are. */
  missing() {
    return this.field.type === "checkbox" && this.field.min ? refused("min_chosen", { count: this.field.min }) : refused("required");
  }

  /** What is wanted of the answer, for people to read before they give it. */
  wanted() {
    const { type, min, max } = this.field;
    if (type !== "checkbox") return "";
    return [min ? refused("min_chosen", { count: min }) : "", max === null ? "" : refused("max_chosen", { count: max })].filter(Boolean).join(" · ");
  }

  numberProblem(value) {
    const { field } = this;
    const { number, code } = readNumber(value, { decimalComma: state.session.settings.decimal_comma });
    if (code) return refused(code);
    if (field.min !== null && number < field.min) return refused("min", { limit: field.min });
    if (field.max !== null && number > field.max) return refused("max", { limit: field.max });
    return "";
  }

  textProblem(typed, optional) {
    const { field } = this;
    const value = this.withoutEnds(typed);
    if (!value && field.required && !optional) return refused("required");
    const length = [...value].length;
    if (field.min_length && length < field.min_length) return refused("min_length", { count: field.min_length });
    if (field.max_length && length > field.max_length) return refused("max_length", { count: field.max_length });
    return field.pattern && !matches(field.pattern, value) ? wrongForm(field) : "";
  }

  complain(problem) {
    setText(this.problem, problem);
    if (this.first) setAria(this.first, "invalid", problem ? "true" : null);
  }
}

function isEmpty(value) {
  return value === null || (Array.isArray(value) && !value.length);
}
