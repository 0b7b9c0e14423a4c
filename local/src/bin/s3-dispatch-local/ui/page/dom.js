// What the other files need of the document. Text only ever becomes text.

export const find = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
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
 * Makes the children those of the items, in their order. Those that were there stay, so that focus, clicks and what is
 * unfolded outlast a change.
 */
export function reconcile(parent, items, keyOf, create, update) {
  const keys = new Set(items.map(keyOf));
  const old = new Map();
  for (const child of [...parent.children]) {
    if (keys.has(child.dataset.key)) old.set(child.dataset.key, child);
    else child.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const child = old.get(keyOf(item)) ?? create(item);
    child.dataset.key = keyOf(item);
    update(child, item);
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/** Says something to screen readers, not more often than they can follow. */
export function announcer(element, pause = 5000) {
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

/** Answers with JSON, or throws what the server says is wrong. */
export async function ask(path, options = {}) {
  const response = await fetch(path, options);
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(answer?.error ?? response.statusText);
  return answer;
}

export const bytes = (size) =>
  size < 1024 ? `${size} bytes` : size < 1048576 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / 1048576).toFixed(1)} MiB`;

export const seconds = (time) => (time < 1 ? `${(time * 1000).toFixed(1)} ms` : `${time.toFixed(2)} s`);
