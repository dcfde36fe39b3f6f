// The colours of the style sheets, as a canvas takes them.

import { h } from "./dom.js";

/** Calls back when colours change: with the page's theme, the system's, and where the system has colours of its own. */
export function onColours(changed) {
  addEventListener("hardseq-theme", changed);
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", changed);
}

/** The colour that the style sheets call `name`; also one that names a colour of the system. */
export function colour(name) {
  const probe = h("span", { style: { color: `var(${name})`, "forced-color-adjust": "none" } });
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
