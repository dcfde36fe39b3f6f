// What can be chosen about sounds: which, how loud, and a test of each.

import { h, newId, setText, show } from "./dom.js";
import { chosenSound, isBlocked, onBlocked, setSound, setVolume, SOUNDS, tryOut, volume } from "./sound.js";
import { t } from "./text.js";

const TESTS = { passed: "verdict.passed", failed: "verdict.failed", question: "dialog.title" };
let note = null;

export function soundSettings() {
  const ids = { sound: newId("sound"), volume: newId("sound"), test: newId("sound") };
  const names = ["off", ...SOUNDS];
  const select = h("select", { id: ids.sound, onchange: () => setSound(select.value) }, names.map((name) => h("option", { value: name, selected: name === chosenSound() }, t(`sound.${name}`))));
  const range = h("input", { id: ids.volume, type: "range", min: 1, max: 100, onchange: () => setVolume(Number(range.value)) });
  range.value = volume();
  note = h("p", { class: "menu-note sound-note", role: "status" });
  tellBlocked();
  return [
    h("div", { class: "field" }, h("label", { htmlFor: ids.sound }, t("menu.sound")), select),
    h("div", { class: "field" }, h("label", { htmlFor: ids.volume }, t("sound.volume")), range),
    h(
      "div",
      { class: "field", role: "group", aria: { labelledby: ids.test } },
      h("span", { id: ids.test, class: "strong" }, t("sound.test")),
      h("div", { class: "button-row sound-tests" }, Object.entries(TESTS).map(([name, text]) => h("button", { type: "button", class: "button small", onclick: () => tryOut(name) }, t(text)))),
    ),
    note,
  ];
}

onBlocked(tellBlocked);

function tellBlocked() {
  if (!note) return;
  setText(note, isBlocked() ? t("sound.blocked") : "");
  show(note, isBlocked());
}
