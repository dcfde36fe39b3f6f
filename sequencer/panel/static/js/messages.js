// What the run tells the operator: a blocking message over the page until it is confirmed, others at its top.

import { post } from "./api.js";
import { fill, h, icon, memory, newId } from "./dom.js";
import { looks } from "./looks.js";
import { modal, rest } from "./modal.js";
import { slotLine } from "./slot_line.js";
import { on, shownMessages, state } from "./state.js";
import { play } from "./sound.js";
import { stop, stopSlot } from "./stop_run.js";
import { t } from "./text.js";
import { toastError } from "./toast.js";

const strip = h("div", { class: "messages", aria: { live: "polite" } });
let blocking = null;
let known = "";

export function messageStrip() {
  return strip;
}

/** Whether the run waits for a message to be confirmed. */
export function isTelling() {
  return blocking !== null;
}

on("snapshot", update);
on("messages", update);
on("slots", (changed) => Object.values(changed).some((slot) => slot.messages) && update());

function update() {
  const messages = shownMessages();
  const quiet = messages.filter((message) => !message.blocking);
  const mark = JSON.stringify(quiet);
  if (mark !== known) {
    known = mark;
    fill(strip, quiet.map(note));
  }
  const wanted = messages.find((message) => message.blocking);
  if (blocking && (!wanted || wanted.id !== blocking.message.id || wanted.time !== blocking.message.time || wanted.slot?.name !== blocking.message.slot?.name)) blocking.away();
  if (wanted && !blocking) {
    blocking = new Blocking(wanted);
    play("question");
  }
}

async function confirm(message) {
  try {
    await post(`/api/messages/${encodeURIComponent(message.id)}`, { by: memory.get("operator") || "", ...(message.slot ? { slot: message.slot.name } : {}) });
  } catch (error) {
    if (error.status !== 404) toastError(error, "run");
  }
}

function note(message) {
  return h(
    "section",
    { class: "message card", aria: { label: message.title || t("message.title") } },
    icon("info"),
    h("div", { class: "message-body" }, message.slot ? slotLine(message.slot) : null, message.title ? h("h2", {}, message.title) : null, looks({ ...message.details, text: message.text }, message.id, -1, message.slot?.name)),
    h("button", { type: "button", class: "icon-button", title: t("message.dismiss"), aria: { label: t("message.dismiss") }, onclick: () => confirm(message) }, icon("close")),
  );
}

class Blocking {
  constructor(message) {
    this.message = message;
    const title = newId("message");
    this.element = modal(
      { class: "dialog", aria: { labelledby: title } },
      h(
        "div",
        { class: "dialog-form" },
        h(
          "header",
          { class: "dialog-head" },
          icon("info"),
          h("h2", { id: title }, message.title || t("message.title")),
          h("button", { type: "button", class: "icon-button dialog-close", title: t("dialog.close"), aria: { label: t("dialog.close") }, onclick: () => (message.slot ? stopSlot(message.slot) : stop()) }, icon("close")),
        ),
        message.slot || state.session.slot ? slotLine(message.slot ?? state.session.slot) : null,
        h("div", { class: "dialog-body" }, looks({ ...message.details, text: message.text }, message.id, -1, message.slot?.name)),
        h(
          "div",
          { class: "dialog-buttons" },
          h("span", { class: "spacer" }),
          h("button", { type: "button", class: "button primary", onclick: () => confirm(message) }, t("dialog.confirm")),
        ),
      ),
    );
    this.element.dispatchEvent(new Event("enter"));
    rest(this.element, this.element.querySelectorAll("button"), this.element.querySelector(".primary"));
  }

  away() {
    blocking = null;
    this.element.dispatchEvent(new Event("leave"));
  }
}
