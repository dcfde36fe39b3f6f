// A field for the reason of what an engineer does: asked for where people log in, for the log; it may stay empty.

import { LONGEST_REASON } from "./constants.js";
import { h, setAria, show } from "./dom.js";
import { named } from "./people.js";
import { t } from "./text.js";

/** The field; `text` names what it says. */
export class WhyField {
  constructor(text) {
    this.text = text;
    this.element = h("input", { type: "text", class: "why-field", maxLength: LONGEST_REASON, autocomplete: "off", hidden: true });
  }

  /** Shows it while it is `asked` for; nothing is in it when it comes back. */
  ask(asked) {
    if (!asked) this.element.value = "";
    show(this.element, asked && named());
    this.element.placeholder = t(this.text);
    setAria(this.element, "label", t(this.text));
  }

  /** What is in it; null for nothing. */
  get said() {
    return this.element.value.trim() || null;
  }
}
