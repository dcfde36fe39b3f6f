// Which slot this page is of, where the stand has slots: the whole page is loaded for each, and everything on it means that slot.

const page = document.documentElement.dataset;
/** The slot's name; null on a stand without slots and on the page of all slots. */
export const SLOT = page.slot ?? null;
/** The slots of the stand by their numbers, each {slot, number, title}. */
export const SLOTS = JSON.parse(page.slots ?? "[]");
/** Whether this is the service of a factory: nothing is tested here, and no stored run is changed. */
export const FACTORY = "factory" in page;
/** Whether the stand has slots. */
export const HAS_SLOTS = SLOTS.length > 0;
/** Whether the page is the one of all slots, or one without a run of its own. */
export const OF_ALL = HAS_SLOTS && SLOT === null;
/** The address of the page that shows what goes on. */
export const LIVE = SLOT === null ? "/" : slotAddress(SLOT);

export function slotAddress(name) {
  return `/slots/${encodeURIComponent(name)}`;
}

/** The address of a page with what this browser alone was told in its own: that it is a kiosk. */
export function kept(path) {
  return new URLSearchParams(window.location.search).has("kiosk") ? `${path}?kiosk` : path;
}

/** Whether an address is that of a page of the same slot, or of none like this one: only then need nothing be loaded anew. */
export function isOfSame(path) {
  return (/^\/slots\/[^/]+$/.test(path) ? path : "/") === LIVE;
}

/** What people call a slot: `slot` is {name, title}. */
export function slotName(slot) {
  return slot.title || slot.name;
}

/** What people call the slot that reports know by this name. */
export function slotTitle(name) {
  return SLOTS.find((one) => one.slot === name)?.title || name;
}
