// What a history page says where it has nothing to show, and where to go from there.

import { get } from "./api.js";
import { fill, h } from "./dom.js";
import { FACTORY } from "./slot.js";
import { t } from "./text.js";

/** No run is stored yet: `text` says so, and the first one is a click away. */
export function noneYet(text = t("history.none")) {
  const begin = FACTORY ? h("a", { href: "/stands" }, t("history.stands")) : h("a", { href: "/" }, t("history.begin"));
  return [h("p", {}, text), h("p", {}, begin)];
}

/** Why a page that is `filtered` or not has no run to show. That nothing matches is said only where there is something. */
export function noRuns(filtered) {
  if (!filtered) return h("div", {}, noneYet());
  const element = h("div", {}, h("p", {}, t("history.empty")), h("p", {}, h("a", { href: window.location.pathname }, t("history.show_all"))));
  get("/api/runs", { limit: 1 }).then(
    ({ runs }) => runs.length || fill(element, noneYet()),
    () => {},
  );
  return element;
}
