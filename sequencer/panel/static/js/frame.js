// HTML of a sequence, in a frame whose scripts never run: it follows the page's colours and letters, and is as high as its content.

import { h } from "./dom.js";
import { t } from "./text.js";

/** The frames that are shown now. */
const shown = new Set();
const retint = () => {
  for (const one of shown) if (one.isConnected) tint(one);
};
// After the page itself has taken up the theme.
addEventListener("hardseq-theme", () => setTimeout(retint));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(retint));

/** The frame for `html` ({code, url, width, height, border}) that the server has at `address`. */
export function frame(html, address) {
  const style = {};
  if (html.width) style.width = `${html.width}%`;
  if (html.height) style.height = `${html.height}px`;
  if (html.border) style.border = `${html.border}px solid var(--ink)`;
  // A page from elsewhere may use its scripts, but never as part of this one. Code of the sequence has no scripts, so that this
  // page may look into it.
  const sandbox = html.url ? "allow-scripts" : "allow-same-origin";
  const element = h("iframe", { class: `shown-frame${html.url ? " is-page" : ""}`, title: t("dialog.frame"), src: address, sandbox, referrerPolicy: "no-referrer", style });
  if (!html.url) element.addEventListener("load", () => taken(element, !html.height));
  return element;
}

function taken(element, fitting) {
  const document = element.contentDocument;
  if (!document?.body) return;
  document.head.prepend(document.createElement("style"));
  // Those of questions before would pile up on a page that stays open for weeks.
  for (const one of shown) if (!one.isConnected) shown.delete(one);
  shown.add(element);
  tint(element);
  if (!fitting) return;
  let known = "";
  const watcher = new ResizeObserver(() => {
    if (!element.isConnected) return watcher.disconnect();
    // Its own height is what this sets: that is no news.
    const size = `${element.clientWidth} ${document.body.offsetHeight}`;
    if (size === known) return;
    known = size;
    fit(element);
  });
  watcher.observe(element);
  watcher.observe(document.body);
}

/** Colours, letters and their size, as long as the HTML has no others: its own rules come later. */
function tint(element) {
  const sheet = element.contentDocument?.head?.firstChild;
  // A link in it may have led to nothing.
  if (!sheet) return;
  const { color, colorScheme, fontFamily, fontSize, lineHeight } = getComputedStyle(element);
  sheet.textContent = `html { color-scheme: ${colorScheme}; color: ${color}; font: ${fontSize}/${lineHeight} ${fontFamily}; }`;
}

function fit(element) {
  const root = element.contentDocument.documentElement;
  const border = element.offsetHeight - element.clientHeight;
  element.style.height = "0";
  const bar = element.contentWindow.innerHeight - root.clientHeight;
  element.style.height = `${root.scrollHeight + border + Math.max(0, bar)}px`;
}
