// Keeps in sight what matters, unless somebody scrolls.

import { state } from "./state.js";

/** What the small verdict and the head of a module take at the top, and the buttons at the foot of a phone: in rem. */
const HEAD = 8.5;
const FOOT = 6.5;
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

/** At the end what needs a look is in sight, all of it if it can be: `element` under the verdict, else the top. */
export function settle(element) {
  if (Date.now() - touched < 6000) return;
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const box = element?.checkVisibility() ? element.getBoundingClientRect() : null;
  const below = innerHeight - (document.querySelector(".hero-buttons").getBoundingClientRect().top > innerHeight / 2 ? FOOT : 0.5) * rem;
  const seen = !box || scrollY + box.bottom <= below;
  scrollTo({ top: seen ? 0 : Math.max(0, scrollY + box.top - HEAD * rem), behavior: "instant" });
}
