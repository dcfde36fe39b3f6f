// Keeps in sight what matters, unless somebody scrolls.

import { state } from "./state.js";

let followed = 0;
let touched = 0;

for (const kind of ["wheel", "touchmove"]) addEventListener(kind, () => (touched = Date.now()), { passive: true });
addEventListener("keydown", (event) => {
  if (/^(Page|Arrow|Home$|End$)/.test(event.key)) touched = Date.now();
});

/** The running case stays in sight unless somebody scrolls, or does not want to see it. */
export function follow(element) {
  const at = Date.now();
  if (at - followed < 400 || at - touched < 6000 || document.hidden || !element.checkVisibility()) return;
  followed = at;
  const box = element.getBoundingClientRect();
  const top = Math.max(0, document.querySelector(".hero")?.getBoundingClientRect().bottom ?? 0);
  if (box.top < top || box.bottom > innerHeight - 80) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || state.cases.size > 200;
    scrollTo({ top: scrollY + box.top - (innerHeight + top) / 2, behavior: calm ? "instant" : "smooth" });
  }
}

/** At the end what needs a look is in sight: `element`, else the top. */
export function settle(element) {
  if (Date.now() - touched < 6000) return;
  const hero = document.querySelector(".hero");
  const top = hero.offsetHeight;
  // Where the verdict does not stay in sight it has the right of way.
  const stays = getComputedStyle(hero).position === "sticky";
  scrollTo({ top: element?.checkVisibility() && stays ? Math.max(0, scrollY + element.getBoundingClientRect().top - top - 80) : 0, behavior: "instant" });
}
