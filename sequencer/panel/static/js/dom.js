// Builds elements. Text goes in as text, never as markup, so that no name can become code.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("../icons.svg", import.meta.url).pathname;

/** An element: `h("button", { class: "button", onclick: f, aria: { label: "x" } }, "text", child, ...)`. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "aria") for (const [key, said] of Object.entries(value)) setAria(element, key, said);
    else if (name === "style") for (const [key, said] of Object.entries(value)) element.style.setProperty(key, said);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list" && name !== "form") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

/** Adds children: elements, texts, numbers, lists of them; nothing for null, undefined and false. */
export function add(element, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/** Replaces everything inside. */
export function fill(element, ...children) {
  element.replaceChildren();
  return add(element, children);
}

/** Sets a text when it is another one: writing the same text again would make the browser work. */
export function setText(element, text) {
  const said = text === null || text === undefined ? "" : String(text);
  if (element.textContent !== said) element.textContent = said;
}

export function setAria(element, name, value) {
  if (value === undefined || value === null) element.removeAttribute(`aria-${name}`);
  else if (element.getAttribute(`aria-${name}`) !== String(value)) element.setAttribute(`aria-${name}`, String(value));
}

/** Shows or hides. */
export function show(element, shown) {
  if (element.hidden === Boolean(shown)) element.hidden = !shown;
}

/** Letters of a token that stay together at its end, and up to how many it has no such end. */
const TAIL = 6;
const SHORT = 12;

/**
 * A serial number, part number or id: it never breaks. Where there is no room for a long one it loses letters in its middle, for
 * such numbers differ in their ends, and its title tells the whole. What is seen are two pieces that the style sheet writes; the
 * text itself lies under them in one piece, so that a copy and a search of the browser have the whole number.
 */
export function token(text) {
  const said = String(text);
  if (said.length <= SHORT) return h("span", { class: "token" }, said);
  return h("span", { class: "token is-long", title: said, data: { head: said.slice(0, -TAIL), tail: said.slice(-TAIL) } }, h("span", { class: "token-text" }, said));
}

/** Like `token` where `text` is one word; other text as it is. */
export function word(text) {
  const said = String(text);
  return /\s/.test(said) ? said : token(said);
}

/** A picture from the sprite; without a label it says nothing to a screen reader. */
export function icon(name, label = null) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/** Makes an icon another one. */
export function setIcon(svg, name, label = null) {
  const href = `${ICONS}#${name}`;
  if (svg.firstChild.getAttribute("href") !== href) svg.firstChild.setAttribute("href", href);
  if (label && svg.getAttribute("aria-label") !== label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
    svg.removeAttribute("aria-hidden");
  }
}

let numbered = 0;

/** An id that nothing else on the page has. */
export function newId(prefix = "e") {
  numbered += 1;
  return `${prefix}-${numbered}`;
}

/** What this browser keeps between visits; a browser that keeps nothing is fine. */
export const memory = {
  get(name) {
    try {
      return localStorage.getItem(`hardseq.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      if (value === null) localStorage.removeItem(`hardseq.${name}`);
      else localStorage.setItem(`hardseq.${name}`, value);
    } catch {
      // Nothing is kept; the page works all the same.
    }
  },
};
