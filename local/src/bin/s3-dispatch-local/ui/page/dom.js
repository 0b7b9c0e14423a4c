// Helpers for the document. Strings become text, never markup.

export const find = (id) => document.getElementById(id);

/** Makes an element with attributes and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
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

export const bytes = (size) =>
  size < 1024
    ? `${size} bytes`
    : size < 1048576
      ? `${(size / 1024).toFixed(1)} KiB`
      : `${(size / 1048576).toFixed(1)} MiB`;

export const seconds = (time) =>
  time < 1 ? `${(time * 1000).toFixed(1)} ms` : `${time.toFixed(2)} s`;
