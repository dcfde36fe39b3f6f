// What dialogs and operator messages show: text, a picture from the project folder, HTML in a frame that can do nothing.

import { address } from "./api.js";
import { h } from "./dom.js";
import { frame } from "./frame.js";
import { t } from "./text.js";

/** Text, picture and HTML of `shown`; `identity`, `page` and, on the page of all slots, `slot` name the HTML to the server. */
export function looks(shown, identity, page = -1, slot = null) {
  return [
    shown.text ? h("p", { class: "shown-text pre", style: shown.font_size ? { "font-size": `${shown.font_size}px` } : {} }, shown.text) : null,
    shown.image ? picture(shown.image) : null,
    shown.html ? frame(shown.html, address(`/api/frames/${encodeURIComponent(identity)}`, { page: page >= 0 ? page : null, slot })) : null,
  ];
}

export function picture(image) {
  const path = String(image.file).split(/[\\/]/).map(encodeURIComponent).join("/");
  const style = {};
  if (image.width) style.width = `${image.width}%`;
  if (image.border) style.border = `${image.border}px solid var(--ink)`;
  const element = h("img", { class: "shown-image", src: `/api/pictures/${path}`, alt: image.alt || "", style });
  element.addEventListener("error", () => element.replaceWith(h("p", { class: "muted" }, t("dialog.no_image", { file: image.file }))));
  return element;
}
