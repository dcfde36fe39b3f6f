// What every chart can do beside being looked at: fill the screen, become a file.

import { colour } from "./chart_colours.js";
import { h, icon } from "./dom.js";
import { t } from "./text.js";

export function toolButton(label, picture, onclick) {
  return h("button", { type: "button", class: "icon-button", title: label, aria: { label }, onclick }, icon(picture));
}

/** The whole screen for one chart, and back; a question or result still comes before it. Nothing where there is no such thing. */
export function fullScreenButton(box) {
  if (!document.fullscreenEnabled) return "";
  return toolButton(t("chart.full"), "full-screen", () => (document.fullscreenElement ? document.exitFullscreen() : box.requestFullscreen()));
}

/** Saves what `from` shows as a PNG file, with the title above it and a legend of `marks` ([name, colour]) below. */
export function savePicture(from, title, marks) {
  const ratio = window.devicePixelRatio || 1;
  const head = 34 * ratio;
  const canvas = h("canvas", { width: from.width, height: from.height + head * 2 });
  const context = canvas.getContext("2d");
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, 0, head);
  context.fillStyle = colour("--ink");
  context.font = `600 ${15 * ratio}px Inter, sans-serif`;
  context.fillText(title, 12 * ratio, 23 * ratio);
  context.font = `${12 * ratio}px Inter, sans-serif`;
  let left = 12 * ratio;
  for (const [name, shade] of marks) {
    context.fillStyle = shade;
    context.fillRect(left, canvas.height - 22 * ratio, 12 * ratio, 4 * ratio);
    context.fillStyle = colour("--ink");
    context.fillText(name, left + 18 * ratio, canvas.height - 15 * ratio);
    left += context.measureText(name).width + 40 * ratio;
  }
  canvas.toBlob((blob) => {
    const link = h("a", { href: URL.createObjectURL(blob), download: `${title.replace(/[^\p{L}\p{N}_-]+/gu, "-")}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
