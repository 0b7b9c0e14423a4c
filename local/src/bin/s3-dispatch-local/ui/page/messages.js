// The list of messages, the newest first. Old ones are dropped to bound the page's memory.

import { find, make, reconcile, seconds, write } from "./dom.js";
import { open, refresh } from "./details.js";

const MAX_MESSAGES = 200;
const STATES = {
  moving: "in progress",
  handled: "handled",
  dead: "dead letter",
  expired: "expired",
  filtered: "filtered out",
  "not-notified": "not notified",
};

export class Messages {
  #all = new Map();

  constructor() {
    for (const choice of document.getElementsByName("show")) {
      choice.addEventListener("change", () => this.#show());
    }
  }

  clear() {
    this.#all.clear();
  }

  all() {
    return this.#all.values();
  }

  update(changed) {
    for (const message of changed) this.#all.set(message.id, message);
    const newest = [...this.#all.values()]
      .sort((one, other) => other.started_at - one.started_at)
      .slice(0, MAX_MESSAGES);
    this.#all = new Map(newest.map((message) => [message.id, message]));
    this.#show();
    for (const message of changed) refresh(message.id);
  }

  #show() {
    const wanted = document.querySelector("[name=show]:checked").value;
    const shown = [...this.#all.values()].filter(
      (message) => wanted === "all" || message.state === wanted,
    );
    find("nothing").hidden = shown.length > 0;
    const isEmpty = this.#all.size === 0;
    write(find("nothing"), isEmpty
      ? "Nothing has happened yet. Put an object to start."
      : "No such message.");
    reconcile(find("list"), shown, (message) => message.id, create, update);
  }
}

function create(message) {
  const button = make("button", { type: "button", class: "message", "aria-haspopup": "dialog" },
    make("span", { class: "state" }), make("span", { class: "key" }),
    make("span", { class: "about" }));
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

export const title = (message) =>
  message.key ?? (message.event ? "(empty key)" : `message ${message.id.slice(1)}`);

export function describe(message) {
  const parts = [message.id.startsWith("e") ? `#${message.id.slice(1)}` : null, message.event];
  const isMoving = message.state === "moving";
  const times = (count) => (count === 1 ? "once" : `${count} times`);
  if (isMoving) parts.push(...message.at.map(({ node, how }) => location(node, how)));
  if (message.handled) parts.push(`handled ${times(message.handled)}`);
  if (message.failed) parts.push(`failed ${times(message.failed)}`);
  if (message.faults) parts.push(message.faults === 1 ? "1 fault" : `${message.faults} faults`);
  const time = message.updated_at - message.started_at;
  if (!isMoving && time > 0) parts.push(seconds(time));
  return [...new Set(parts.filter(Boolean))].join(" · ");
}

function location(node, how) {
  const name = node.slice(node.indexOf(":") + 1);
  return {
    arriving: `on its way to ${name}`,
    waiting: `in ${name}`,
    running: `${name} is running`,
    dead: `in ${name}`,
  }[how];
}
