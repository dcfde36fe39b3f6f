// Labels of tested units.

import { post } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./text.js";
import { toast, toastError } from "./toast.js";

/** A button that prints the label of the unit which this run tested; as often as it is pressed. */
export function labelButton(run, name) {
  const print = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await post(`/api/runs/${encodeURIComponent(run)}/label`);
      toast(t("label.printed"), "info", "told");
    } catch (error) {
      toastError(error, "told");
    }
    button.disabled = false;
  };
  return h("button", { type: "button", class: "button small print-label", onclick: print }, icon("print"), t(name));
}
