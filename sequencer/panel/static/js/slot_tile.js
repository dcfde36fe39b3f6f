// A slot on the page of all: its verdict for a look from three metres, what is in it, how far it is; a link to its own page.

import { h, icon, setAria, setIcon, setText, show, token } from "./dom.js";
import { kept, slotAddress, slotName } from "./slot.js";
import { hasEnded, isBlocked, isFinal, isKnown, now, outcome, slotProgress } from "./state.js";
import { duration, t } from "./text.js";

/** States of a session in which its slot takes no product. */
export const BUSY = ["starting", "running", "stopping", "retrying"];

/** What the tile says in one loud word: that of a run, or what the slot waits for. */
export function slotStatus(slot) {
  if (!isKnown()) return "offline";
  if (isBlocked(slot)) return "blocked";
  if (slot.state === "starting" || slot.status === "run" || (slot.state === "running" && !slot.run)) return "run";
  if (slot.filled) return "ready";
  if (slot.run && isFinal(slot.status)) return slot.status;
  return slot.state === "loading" || !slot.state ? "loading" : "empty";
}

function word(slot, status) {
  return t(status === "empty" ? "slots.empty" : `verdict.${status === "skipped" ? outcome(slot) : status}`);
}

/** Letters that a word is wide, as the hero counts them. */
function width(said) {
  return [...said].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.7 : letter > "\u0400" ? 1.15 : 1), 0);
}

export class SlotTile {
  /** `empty` and `stop` are called for the buttons. */
  constructor(slot, { empty, stop }) {
    this.slot = slot;
    this.number = h("span", { class: "slot-number" }, slot.number);
    this.name = h("span", { class: "slot-name" }, slotName(slot));
    this.asks = h("span", { class: "tile-asks", hidden: true }, icon("question", t("slots.asks")));
    this.icon = icon("ready");
    this.word = h("span", { class: "tile-word" });
    this.serial = h("span", { class: "tile-serial number" });
    this.case = h("span", { class: "tile-case" });
    this.time = h("span", { class: "tile-time number" });
    this.bar = h("progress", { class: "tile-bar", max: 1, value: 0, hidden: true });
    this.link = h(
      "a",
      { class: "tile-link", href: kept(slotAddress(slot.name)) },
      h("span", { class: "tile-head" }, this.number, this.name, this.asks),
      h("span", { class: "tile-verdict" }, this.icon, this.word),
      this.serial,
      h("span", { class: "tile-foot" }, this.case, this.time),
      this.bar,
    );
    this.empty = h("button", { type: "button", class: "icon-button tile-button tile-empty", tabIndex: -1, hidden: true, onclick: () => empty(this.slot) }, icon("close"));
    this.stop = h("button", { type: "button", class: "icon-button tile-button tile-stop", tabIndex: -1, hidden: true, onclick: () => stop(this.slot) }, icon("halt"));
    this.element = h("li", { class: "slot-tile", data: { slot: slot.name } }, this.link, this.empty, this.stop);
  }

  /** Draws what the slot is now; `marked`: the next scan goes here. */
  render(slot, marked) {
    this.slot = slot;
    const status = slotStatus(slot);
    this.element.className = `slot-tile is-${status}${marked ? " is-marked" : ""}`;
    setIcon(this.icon, { blocked: "warning", offline: "warning", loading: "run", empty: "ready" }[status] ?? status, "");
    const said = word(slot, status);
    setText(this.word, said);
    this.element.style.setProperty("--letters", String(Math.max(4, width(said))));
    // Until a run has begun the last one is shown: its number is not that of the product that is there.
    const coming = slot.filled && (status === "ready" || slot.state === "starting");
    const serial = (coming ? slot.filled.serial_number : status === "empty" || status === "loading" ? null : slot.serial_number) ?? "";
    if (this.serial.textContent !== serial) this.serial.replaceChildren(serial ? token(serial) : "");
    const tells = ["run", "failed", "error"].includes(status) && slot.state !== "starting";
    setText(this.case, tells ? slot.case : status === "blocked" ? t("problem.short") : "");
    const waits = Boolean(slot.dialogs?.length || slot.messages?.some((message) => message.blocking));
    show(this.asks, waits);
    this.element.classList.toggle("is-asking", waits);
    show(this.empty, slot.filled && status === "ready");
    show(this.stop, BUSY.includes(slot.state));
    this.stop.disabled = slot.state === "stopping" || !isKnown();
    for (const [button, text] of [[this.empty, "slots.take_out"], [this.stop, "slots.stop"]]) {
      const label = t(text, { slot: slotName(slot) });
      button.title = label;
      setAria(button, "label", label);
    }
    // Its page cannot be had any more.
    if (hasEnded()) this.link.removeAttribute("href");
    this.tick();
    return status;
  }

  /** The time and the bar. */
  tick() {
    const { slot } = this;
    const running = slot.status === "run" && isKnown();
    const shown = running || (slot.run && isFinal(slot.status) && !slot.filled);
    setText(this.time, shown && slot.start_time !== null ? duration((running ? now() : slot.stop_time ?? now()) - slot.start_time, { fine: !running }) : "");
    show(this.bar, running);
    if (!running) return;
    this.bar.value = slotProgress(slot);
    this.bar.ariaLabel = t("run.progress");
  }
}
