// Keeps the verdict in sight while the page scrolls: large at the top, then one line at the edge of the window.

import { h } from "./dom.js";

/** Which part of the large one may be out of sight before the line takes its place. */
const GONE = 0.3;
/** Keys that write into a field or lead to it; not those that scroll. */
const WRITES = /^(.|Enter|Tab|Backspace|Delete|Process|Unidentified)$/su;

/**
 * The place of `hero` in the page. It keeps its height while `hero` is a line, so that nothing under it moves. Who types into
 * `form`, for which the line has no room, is shown it.
 */
export function shrinking(hero, form) {
  const mark = h("span", { class: "hero-mark", style: { top: `${GONE * 100}%` } });
  const place = h("div", { class: "hero-place" }, mark, hero);
  new IntersectionObserver(([entry]) => {
    const small = !entry.isIntersecting && entry.boundingClientRect.top < 0 && place.isConnected;
    if (small === place.classList.contains("is-small")) return;
    place.style.height = small ? `${place.offsetHeight}px` : "";
    place.classList.toggle("is-small", small);
  }).observe(mark);
  const grow = (event) => {
    if (place.classList.contains("is-small") && (event.type === "input" || WRITES.test(event.key))) scrollTo({ top: 0, behavior: "instant" });
  };
  for (const kind of ["keydown", "keyup", "input"]) form.addEventListener(kind, grow);
  return place;
}
