// The list of messages: the newest on top, and no more than fit into a page's memory.

import { find, make, reconcile, seconds, write } from "./dom.js";
import { open, refresh } from "./details.js";

const MAX_MESSAGES = 200;
const STATES = {
  moving: "on its way",
  handled: "handled",
  dead: "dead letter",
  expired: "expired",
  filtered: "held back",
  unnoticed: "not notified",
};

export class Messages {
  #all = new Map();

  constructor() {
    for (const choice of document.getElementsByName("show")) choice.addEventListener("change", () => this.#show());
  }

  forget() {
    this.#all.clear();
  }

  all() {
    return this.#all.values();
  }

  update(changed) {
    for (const message of changed) this.#all.set(message.id, message);
    const sorted = [...this.#all.values()].sort((one, other) => other.begun - one.begun);
    this.#all = new Map(sorted.slice(0, MAX_MESSAGES).map((message) => [message.id, message]));
    this.#show();
    for (const message of changed) refresh(message.id);
  }

  #show() {
    const wanted = document.querySelector("[name=show]:checked").value;
    const shown = [...this.#all.values()].filter((message) => wanted === "all" || message.state === wanted);
    find("nothing").hidden = shown.length > 0;
    write(find("nothing"), this.#all.size ? "No such message." : "Nothing has happened yet: put an object.");
    reconcile(find("list"), shown, (message) => message.id, create, update);
  }
}

function create(message) {
  const button = make("button", { type: "button", class: "message", "aria-haspopup": "dialog" },
    make("span", { class: "state" }), make("span", { class: "key" }), make("span", { class: "about" }));
  button.addEventListener("click", () => open(message.id));
  return make("li", {}, button);
}

function update(item, message) {
  const [state, key, about] = item.firstChild.children;
  write(state, STATES[message.state] ?? message.state);
  state.dataset.state = message.state;
  write(key, title(message));
  write(about, describe(message));
}

export const title = (message) => message.key ?? (message.event ? "(empty key)" : `message ${message.id.slice(1)}`);

export function describe(message) {
  const parts = [message.id.startsWith("e") ? `#${message.id.slice(1)}` : null, message.event];
  if (message.state === "moving") parts.push(...message.at.map(({ node, how }) => whereabouts(node, how)));
  if (message.handled) parts.push(message.handled === 1 ? "handled once" : `handled ${message.handled} times`);
  if (message.failed) parts.push(message.failed === 1 ? "failed once" : `failed ${message.failed} times`);
  if (message.faults) parts.push(message.faults === 1 ? "1 fault" : `${message.faults} faults`);
  if (message.state !== "moving" && message.ended > message.begun) parts.push(seconds(message.ended - message.begun));
  return [...new Set(parts.filter(Boolean))].join(" · ");
}

function whereabouts(node, how) {
  const name = node.slice(node.indexOf(":") + 1);
  return { coming: `on its way to ${name}`, waiting: `in ${name}`, running: `${name} runs`, dead: `in ${name}` }[how];
}
