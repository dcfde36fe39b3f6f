// What an address shows that leads nowhere, or to a page that cannot be loaded just now.

import { h } from "./dom.js";
import { FACTORY } from "./slot.js";
import { t } from "./text.js";

export function missingPage() {
  return h(
    "main",
    { id: "main", tabIndex: -1, class: "history-page", data: { title: t("missing.title") } },
    h("header", { class: "page-head" }, h("h1", {}, t("missing.title"))),
    h("p", { class: "pre" }, t("missing.text", { address: window.location.pathname })),
    h("p", {}, h("a", { href: "/", class: "button primary" }, t(FACTORY ? "history.stands" : "missing.live"))),
  );
}

export function lostPage() {
  return h("main", { id: "main", tabIndex: -1, class: "history-page" }, h("h1", { class: "for-readers" }, t("connection.lost_short")), h("p", { class: "empty muted" }, t("connection.lost")));
}
