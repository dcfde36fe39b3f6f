// Questions to the panel whose answers fill a part of a page.

import { ApiError } from "./api.js";
import { setAria } from "./dom.js";
import { t } from "./text.js";

const AGAIN = 5000;

/**
 * A function that asks with `ask(signal, ...parameters)`, then calls `answered(answer, ...parameters)` or `failed(text)`.
 * Only its newest call counts, in whatever order answers come. While panel or store are away it asks again by itself, for as
 * long as `element` is on the page.
 */
export function question(element, { ask, answered, failed }) {
  let open = null;
  let again = 0;
  return async function put(...parameters) {
    open?.abort();
    clearTimeout(again);
    const mine = new AbortController();
    open = mine;
    setAria(element, "busy", "true");
    let answer;
    try {
      answer = await ask(mine.signal, ...parameters);
    } catch (error) {
      if (open !== mine) return;
      setAria(element, "busy", null);
      failed(inWords(error));
      if (isAway(error)) again = setTimeout(() => element.isConnected && put(...parameters), AGAIN);
      return;
    }
    if (open !== mine) return;
    setAria(element, "busy", null);
    answered(answer, ...parameters);
  };
}

function isAway(error) {
  return !(error instanceof ApiError) || error.status === 503;
}

function inWords(error) {
  return error.code === "store-unavailable" ? `${t("history.away")} ${error.message}` : error.message;
}
