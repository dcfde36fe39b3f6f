// Measurements: limits in words, and a small scale that shows where a value lies between them.

import { h, icon } from "./dom.js";
import { limitBounds } from "./limit_bounds.js";
import { limitsText } from "./limits_text.js";
import { reasonText } from "./reason.js";
import { measured, t, value } from "./text.js";

/** The value with its unit. */
export function measuredText(measurement) {
  return measured(value(measurement.value), measurement.unit);
}

/** A scale from limit to limit with a mark where the value is; null when there are not two numeric limits. */
function scale(measurement) {
  const { lower, upper } = limitBounds(measurement.limits);
  if (typeof measurement.value !== "number" || lower === null || upper === null || !(upper > lower)) return null;
  // The allowed part is the middle two thirds.
  const at = 100 * Math.min(1, Math.max(0, (1 + 4 * ((measurement.value - lower) / (upper - lower))) / 6));
  const wrong = measurement.result === false && !measurement.superseded;
  return h("span", { class: `scale has-mark ${wrong ? "is-failed" : ""}`, style: { "--at": `${at}%` } });
}

/** Whether a value that did not fail misses its warning limits. */
export function isWarned(measurement) {
  return Boolean(measurement.warning) && !measurement.superseded;
}

/** How many of these the last of a case's attempts has. */
export function warningCount(attempts) {
  return (attempts.at(-1)?.measurements || []).filter(isWarned).length;
}

/** The same as a mark beside the case; `null` for none. */
export function warningTag(attempts) {
  const count = warningCount(attempts);
  return count ? h("span", { class: "tag warning-tag" }, t("case.warnings", { count })) : null;
}

function warningText(measurement) {
  return isWarned(measurement) ? reasonText(measurement.coded_warning, measurement.warning) : "";
}

/** One line beside the case: name, value, limits, scale. */
export function reading(measurement) {
  const status = measurement.superseded || measurement.result === null ? "none" : measurement.result ? "passed" : "failed";
  return h(
    "div",
    { class: `reading is-${status}${isWarned(measurement) ? " is-warned" : ""}`, title: reasonText(measurement.coded_reason, measurement.reason) || warningText(measurement) },
    h("span", { class: "reading-name" }, measurement.name),
    h("span", { class: "reading-value" }, measuredText(measurement)),
    h("span", { class: "reading-limits" }, limitsText(measurement.limits, measurement.unit)),
    scale(measurement) || h("span", { class: "scale" }),
    status === "none" ? h("span", { class: "icon" }) : icon(status, t(`status.${status}`)),
  );
}

/** All measurements of an attempt as a table. */
export function measurementTable(measurements) {
  return h(
    "div",
    { class: "table-scroll" },
    h(
      "table",
      { class: "table measurements" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["name", "value", "limits", "scale", "result", "place"].map((name) =>
            h("th", { scope: "col", class: `col-${name}` }, name === "scale" ? h("span", { class: "for-readers" }, t("measurement.scale")) : t(`measurement.${name}`)),
          ),
        ),
      ),
      h("tbody", {}, measurements.map(measurementRow)),
    ),
  );
}

function measurementRow(measurement) {
  // What a failed try of a step measured stands in the table, and judges nothing.
  const result = measurement.superseded ? null : measurement.result;
  const status = result === null ? null : result ? "passed" : "failed";
  return h(
    "tr",
    { class: `${status ? `is-${status}` : ""}${isWarned(measurement) ? " is-warned" : ""}` },
    h("td", { class: "col-name" }, measurement.name, measurement.reason && measurement.result === false ? h("div", { class: "reason" }, reasonText(measurement.coded_reason, measurement.reason)) : null, isWarned(measurement) ? h("div", { class: "warning-reason" }, t("measurement.warning", { reason: warningText(measurement) })) : null),
    h("td", { class: "col-value number" }, measuredText(measurement)),
    h("td", { class: "col-limits" }, limitsText(measurement.limits, measurement.unit)),
    h("td", { class: "col-scale" }, scale(measurement)),
    h("td", { class: "col-result" }, status ? [icon(status), " ", t(`result.${status}`)] : "—"),
    h("td", { class: "col-place place" }, measurement.place),
  );
}
