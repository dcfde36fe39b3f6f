// The bar at the top: where one is, how the connection and the storage are, and what can be set in this browser.

import { post } from "./api.js";
import { h, icon, memory, newId, setAria, setText, show } from "./dom.js";
import { showKeys } from "./keys_help.js";
import { noticeSettings } from "./notice_settings.js";
import { logOut, may, named, onPerson, person } from "./people.js";
import { runBar, showRunBar } from "./run_bar.js";
import { FACTORY, LIVE } from "./slot.js";
import { hasEnded, on, state } from "./state.js";
import { currentLanguage, LANGUAGES, loadLanguage, onLanguage, t } from "./text.js";
import { soundSettings } from "./sound_settings.js";
import { setPage } from "./title.js";

const STORED = { overview: "/overview", failures: "/failures", measurements: "/measurements", time: "/time", runs: "/runs" };
const PAGES = FACTORY ? { stands: "/stands", ...STORED, log: "/log" } : { live: LIVE, ...STORED, storage: "/storage", instruments: "/instruments", log: "/log" };
/** Where the page is all that there is, nothing leads away from it. */
const KIOSK = "kiosk" in document.documentElement.dataset;
const parts = { links: {} };

export function headerView() {
  parts.links = Object.fromEntries(Object.entries(PAGES).map(([name, href]) => [name, h("a", { href, class: "nav-link" }, h("span", { class: "nav-text" }))]));
  parts.waiting = h("span", { class: "badge", hidden: true });
  parts.links.storage?.append(parts.waiting);
  parts.nav = h("nav", { class: "nav" }, Object.values(parts.links));
  parts.stand = h("span", { class: "stand-name" });
  parts.connection = h("span", { class: "connection", role: "status" }, h("span", { class: "dot" }), h("span", { class: "connection-text" }));
  const id = newId("menu");
  parts.menu = h("div", { class: "menu card", id, popover: "auto" });
  parts.person = h("span", { class: "person" });
  parts.button = h("button", { type: "button", class: "icon-button menu-button" }, icon("menu"));
  parts.button.setAttribute("popovertarget", id);
  fillMenu();
  render();
  const brand = [h("img", { src: new URL("../favicon.svg", import.meta.url), alt: "", width: 28, height: 28 }), h("span", { class: "brand-name" }, "hardseq")];
  const ways = KIOSK ? [h("span", { class: "brand" }, brand)] : [h("a", { href: "/", class: "brand", aria: { label: "hardseq" } }, brand), parts.nav];
  return h("header", { class: "bar" }, ways, h("span", { class: "spacer" }), runBar(), parts.stand, named() ? parts.person : null, parts.connection, parts.button, parts.menu);
}

/** Marks where one is. */
export function markPage(path) {
  for (const [name, link] of Object.entries(parts.links)) {
    const here = PAGES[name] === LIVE ? path === LIVE : path.startsWith(PAGES[name]);
    setAria(link, "current", here ? "page" : null);
    if (here) reveal(link);
  }
  parts.menu?.hidePopover?.();
  showRunBar(path);
  setPage(path, Object.keys(PAGES).find((name) => path.startsWith(PAGES[name]) && PAGES[name] !== LIVE) ?? null);
}

/** On a phone not all pages have room in the bar: that where one is has. */
function reveal(link) {
  if (!parts.nav.isConnected) return;
  const [room, box] = [parts.nav.getBoundingClientRect(), link.getBoundingClientRect()];
  parts.nav.scrollLeft += box.left + box.width / 2 - room.left - room.width / 2;
}

on("session", render);
on("snapshot", () => {
  render();
  if (parts.menu && !parts.menu.matches(":popover-open")) fillMenu();
});
on("connection", render);
// A scan may start a run under it, and Stop is there.
on("begin", () => parts.menu?.hidePopover?.());
onLanguage(() => {
  fillMenu();
  render();
});

function render() {
  if (!parts.nav) return;
  setAria(parts.nav, "label", t("nav.title"));
  for (const [name, link] of Object.entries(parts.links)) {
    setText(link.firstChild, t(`nav.${name}`));
    // Where nobody logs in, who did what is worth less: the page is there, and is not in everybody's way.
    if (name === "log") show(link, named() && may("engineer"));
    if (name === "instruments") show(link, state.session.can_start && may("engineer"));
  }
  const stand = { ...state.session.stand, ...state.run?.stand };
  setText(parts.stand, stand.name || "");
  const over = hasEnded();
  setText(parts.connection.querySelector(".connection-text"), t(over ? "connection.over" : state.connected ? "connection.live" : "connection.lost_short"));
  parts.connection.classList.toggle("is-lost", !state.connected && !over);
  parts.connection.classList.toggle("is-over", over);
  const waiting = (state.session.storage?.targets || []).reduce((sum, target) => sum + target.waiting + target.blocked + target.parked, 0);
  show(parts.waiting, waiting);
  setText(parts.waiting, waiting);
  renderPerson();
  parts.button.title = t("menu.title");
  setAria(parts.button, "label", t("menu.title"));
}

onPerson(() => {
  fillMenu();
  render();
});

/** Who works here, or where one logs in. */
function renderPerson() {
  const who = person();
  const mark = `${currentLanguage()} ${who?.name} ${who?.role}`;
  if (!named() || parts.person.dataset.mark === mark) return;
  parts.person.dataset.mark = mark;
  const next = encodeURIComponent(window.location.pathname + window.location.search);
  if (who) parts.person.replaceChildren(h("span", { class: "person-name" }, who.name), " ", h("span", { class: "person-role muted" }, t(`role.${who.role}`)));
  else parts.person.replaceChildren(h("a", { href: `/login?next=${next}`, class: "button person-login" }, t("login.enter")));
}

function fillMenu() {
  if (!parts.menu) return;
  const theme = memory.get("theme") || "";
  parts.menu.replaceChildren(
    choice("menu.language", Object.entries(LANGUAGES), currentLanguage(), (value) => {
      memory.set("language", value);
      loadLanguage(value);
    }),
    choice("menu.theme", ["", "light", "dark"].map((name) => [name, t(`theme.${name || "system"}`)]), theme, setTheme),
    ...soundSettings(),
    ...noticeSettings(),
    // Where people log in, who works here is not typed.
    ...(named() ? [] : [text("menu.operator", memory.get("operator") || "", (value) => memory.set("operator", value || null)), h("p", { class: "menu-note muted" }, t("menu.operator_note"))]),
    h("button", { type: "button", class: "button", onclick: openKeys }, t("keys.title"), h("kbd", {}, "?")),
    h("p", { class: "menu-note" }, KIOSK ? null : [h("a", { href: "/api/openapi.json" }, "HTTP API"), " · "], `hardseq ${document.documentElement.dataset.version}`),
  );
  if (person()) {
    parts.menu.append(h("button", { type: "button", class: "button", onclick: logOut }, t("menu.logout")));
  } else if ("login" in document.documentElement.dataset) {
    const leave = async () => {
      await post("/logout");
      window.location.assign("/login");
    };
    parts.menu.append(h("button", { type: "button", class: "button", onclick: leave }, t("menu.logout")));
  }
}

function openKeys() {
  parts.menu.hidePopover();
  showKeys();
}

function setTheme(theme) {
  memory.set("theme", theme || null);
  dispatchEvent(new CustomEvent("hardseq-theme", { detail: theme }));
}

function choice(label, options, chosen, changed) {
  const id = newId("menu");
  const select = h("select", { id, onchange: () => changed(select.value) }, options.map(([value, name]) => h("option", { value, selected: value === chosen }, name)));
  return h("div", { class: "field" }, h("label", { htmlFor: id }, t(label)), select);
}

function text(label, value, changed) {
  const id = newId("menu");
  const input = h("input", { id, type: "text", value, maxLength: 100, autocomplete: "off", onchange: () => changed(input.value.trim()) });
  return h("div", { class: "field" }, h("label", { htmlFor: id }, t(label)), input);
}
