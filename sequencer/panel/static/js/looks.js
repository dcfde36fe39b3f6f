// What dialogs and operator messages show: text, a picture from the project folder, HTML in a frame that can do nothing.

import { h } from "./dom.js";
import { t } from "./text.js";

/** Text, picture and HTML of `shown`; `identity` and `page` name the HTML to the server. */
export function looks(shown, identity, page = -1) {
  return [
    shown.text ? h("p", { class: "shown-text pre", style: shown.font_size ? { "font-size": `${shown.font_size}px` } : {} }, shown.text) : null,
    shown.image ? picture(shown.image) : null,
    shown.html ? frame(shown.html, identity, page) : null,
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

function frame(html, identity, page) {
  const style = {};
  if (html.width) style.width = `${html.width}%`;
  if (html.height) style.height = `${html.height}px`;
  if (html.border) style.border = `${html.border}px solid var(--ink)`;
  const address = `/api/frames/${encodeURIComponent(identity)}${page >= 0 ? `?page=${page}` : ""}`;
  // A page from elsewhere may use its scripts, but never as part of this one.
  return h("iframe", { class: "shown-frame", title: t("dialog.frame"), src: address, sandbox: html.url ? "allow-scripts" : "", referrerPolicy: "no-referrer", style });
}
