// The list of messages, the newest first. The page holds the newest ones; the server, which
// remembers more, searches.

import { ask, find, make, reconcile, write } from "./dom.js";
import { open, refresh } from "./details.js";
import { counted, fold, plain, seconds, times } from "./text.js";

/** How many messages are shown at first, and how many more "show older" shows. */
const PAGE = 200;
/** How many characters of a key are shown. */
const MAX_KEY = 120;
/** How long to wait before the server is asked again, in milliseconds. */
const PAUSE = 300;
const STATES = {
  moving: "in progress",
  handled: "handled",
  dead: "dead letter",
  expired: "expired",
  lost: "lost",
  filtered: "for no queue",
  "not-notified": "not notified",
};

export class Messages {
  /** The newest messages of all. */
  #newest = new Map();
  /** What the server found, or `null` while the newest messages are shown. */
  #found = null;
  #count = PAGE;
  /** Grows with each question, so that a late answer to an old one is dropped. */
  #question = 0;
  #timer = 0;

  constructor() {
    for (const choice of document.getElementsByName("show")) {
      choice.addEventListener("change", () => this.#begin(() => this.#ask()));
    }
    find("search").addEventListener("input", () => this.#begin(() => this.#askSoon()));
    find("older").addEventListener("click", () => {
      this.#count += PAGE;
      this.#ask();
    });
  }

  clear() {
    this.#newest.clear();
    this.#begin(() => this.#ask());
  }

  all() {
    return this.#newest.values();
  }

  update(changed) {
    for (const message of changed) this.#newest.set(message.id, message);
    const newest = [...this.#newest.values()]
      .sort((one, other) => other.started_at - one.started_at)
      .slice(0, PAGE);
    this.#newest = new Map(newest.map((message) => [message.id, message]));
    if (this.#isSearch()) this.#askSoon();
    else this.#show();
    for (const message of changed) refresh(message.id);
  }

  /** Starts over with the current search. */
  #begin(search) {
    this.#count = PAGE;
    this.#question += 1;
    if (this.#isSearch()) search();
    else {
      this.#found = null;
      this.#show();
    }
  }

  #isSearch() {
    return find("search").value.trim() !== "" || shownState() !== "all" || this.#count > PAGE;
  }

  #askSoon() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      if (this.#isSearch()) this.#ask();
    }, PAUSE);
  }

  async #ask() {
    this.#question += 1;
    const question = this.#question;
    const parameters = { search: find("search").value.trim(), state: shownState() };
    const query = Object.entries({ ...parameters, count: String(this.#count) })
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
      .join("&");
    try {
      const found = await ask(`/messages?${query}`);
      if (question !== this.#question) return;
      this.#found = found;
      this.#show();
    } catch (error) {
      if (question === this.#question) this.#say(`The search failed: ${error.message}`);
    }
  }

  #show() {
    const shown = this.#found?.messages ?? [...this.#newest.values()];
    const hasOlder = this.#found?.has_older ?? shown.length === PAGE;
    find("older").hidden = !hasOlder;
    const isEmpty = this.#newest.size === 0;
    if (shown.length === 0) {
      this.#say(isEmpty ? "Nothing has happened yet. Put an object to start." : "No such message.");
    } else if (this.#found) {
      const text = hasOlder ? `The newest ${shown.length} are shown.` : "";
      this.#say(text || `${counted(shown.length, "message")} found.`);
    } else this.#say("");
    reconcile(find("list"), shown, (message) => message.id, create, update);
  }

  #say(text) {
    find("nothing").hidden = text === "";
    write(find("nothing"), text);
  }
}

const shownState = () => document.querySelector("[name=show]:checked").value;

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
  const name = title(message);
  const folded = fold(name, MAX_KEY);
  write(key, folded);
  key.title = folded === name ? "" : plain(name);
  write(about, describe(message));
}

export const title = (message) =>
  message.key ?? (message.event ? "(empty key)" : `message ${message.id.slice(1)}`);

export function describe(message) {
  const parts = [message.id.startsWith("e") ? `#${message.id.slice(1)}` : null, message.event];
  const isMoving = message.state === "moving";
  if (isMoving) parts.push(...message.at.map(({ node, how }) => location(node, how)));
  if (message.handled) parts.push(`handled ${times(message.handled)}`);
  if (message.failed) parts.push(`failed ${times(message.failed)}`);
  if (message.faults) parts.push(counted(message.faults, "fault"));
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
