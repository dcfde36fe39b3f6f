// Every serial number leads to what became of the unit.

import { address } from "./api.js";
import { h, token } from "./dom.js";
import { t } from "./text.js";

const KIOSK = "kiosk" in document.documentElement.dataset;

/** The address of the page of all units with this serial number. */
export function unitAddress(serial) {
  return address("/units", { serial_number: serial });
}

/** The serial number as a link there; where the page is all that there is, nothing leads away from it. */
export function unitLink(serial) {
  if (KIOSK) return token(serial);
  return h("a", { href: unitAddress(serial), class: "unit-link", title: t("report.unit_history") }, token(serial));
}
