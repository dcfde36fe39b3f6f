// Every serial number leads to what became of the unit.

import { address } from "./api.js";
import { h, token } from "./dom.js";
import { t } from "./text.js";

/** The address of the page of all units with this serial number. */
export function unitAddress(serial) {
  return address("/units", { serial_number: serial });
}

/** The serial number as a link there. */
export function unitLink(serial) {
  return h("a", { href: unitAddress(serial), class: "unit-link", title: t("report.unit_history") }, token(serial));
}
