// Helpers for the document. Strings become text, never markup, and characters that cannot be seen
// are named.

import { pieces } from "./text.js";

export const find = (id) => document.getElementById(id);

/** Makes an element with attributes and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(key, value);
  }
  for (const child of children) {
    if (typeof child === "string") write(element, child, element.childNodes.length);
    else element.append(child);
  }
  return element;
}

/** Writes a text into an element, after the children that it is to keep. */
export function write(element, text, kept = 0) {
  const keepsLines = element.localName === "pre";
  const all = pieces(text, keepsLines);
  const rest = [...element.childNodes].slice(kept);
  // A mark tells the name of a character from the same letters in the text.
  const mark = (text, isCode) => (isCode ? `\0${text}` : text);
  const written = rest.map((child) => mark(child.textContent, child.localName === "span"));
  if (written.join("") === all.map(({ text, isCode }) => mark(text, isCode)).join("")) return;
  for (const child of rest) child.remove();
  element.append(...all.map(({ text, isCode }) => (isCode ? code(text) : text)));
}

/** The name of a character, which cannot be taken for the text around it. */
function code(text) {
  const element = document.createElement("span");
  element.className = "code";
  element.textContent = text;
  return element;
}

/**
 * Gives the parent one child for each item, in order. Existing children are kept, so that an update
 * does not lose the focus, a click, or an unfolded payload.
 */
export function reconcile(parent, items, keyOf, create, update) {
  const keys = new Set(items.map(keyOf));
  const old = new Map();
  for (const child of [...parent.children]) {
    if (keys.has(child.dataset.key)) old.set(child.dataset.key, child);
    else child.remove();
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const child = old.get(keyOf(item)) ?? create(item);
    child.dataset.key = keyOf(item);
    update(child, item);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}

/** Announces texts to screen readers, with a pause so that they can follow. */
export function makeAnnouncer(element, pause = 5000) {
  let next = null;
  let timer = 0;
  const say = () => {
    timer = 0;
    if (next === null) return;
    write(element, next);
    next = null;
    timer = setTimeout(say, pause);
  };
  return (text) => {
    next = text;
    if (!timer) say();
  };
}

/** Returns the JSON of the response, or throws the error that the server reports. */
export async function ask(path, options = {}) {
  const response = await fetch(path, options);
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(answer?.error ?? response.statusText);
  return answer;
}
