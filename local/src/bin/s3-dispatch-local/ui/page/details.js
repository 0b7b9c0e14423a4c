// The dialog for one message: its path and its payload.

import { ask, find, make, reconcile, write } from "./dom.js";
import { describe, title } from "./messages.js";
import { bytes, counted, fold, seconds, times } from "./text.js";

/** How many characters of a key are shown before it is unfolded. */
const MAX_TITLE = 120;

const dialog = find("details");
let shown = null;
let timer = 0;

find("close").addEventListener("click", () => dialog.close());
find("replay").addEventListener("click", () => again("event"));
find("redrive").addEventListener("click", () => again("dead-letters"));
dialog.addEventListener("close", () => (shown = null));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

export async function open(id) {
  shown = id;
  for (const part of ["path", "payloads"]) find(part).replaceChildren();
  write(find("again-status"), "");
  if (!dialog.open) dialog.showModal();
  find("details-title").focus();
  await load();
}

/** Reloads the message if it is shown. */
export function refresh(id) {
  if (id !== shown || timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (shown === id) load();
  }, 300);
}

async function load() {
  const id = shown;
  try {
    const details = await ask(`/message?id=${encodeURIComponent(id)}`);
    if (shown === id) show(details);
  } catch (error) {
    write(find("details-about"), error.message);
  }
}

function show(details) {
  showTitle(title(details));
  const size = details.size === null ? [] : [bytes(details.size)];
  const parts = [describe(details), details.bucket, ...size];
  write(find("details-about"), parts.filter(Boolean).join(" · "));
  const dropped = details.dropped_steps;
  find("dropped-steps").hidden = dropped === 0;
  write(find("dropped-steps"), `${counted(dropped, "earlier step")} not shown`);
  const steps = details.steps.map((step, index) => ({ ...step, number: String(dropped + index) }));
  reconcile(find("path"), steps, (step) => step.number, step, () => {});
  find("replay").hidden = details.event === null;
  find("redrive").hidden = details.dead_letters === 0;
  write(find("redrive"), `send back ${counted(details.dead_letters, "dead letter")}`);
  find("no-payload").hidden = details.messages.length > 0;
  reconcile(find("payloads"), details.messages, (message) => message.id, payload, summarize);
  if (details.messages.length === 1) find("payloads").firstElementChild.setAttribute("open", "");
}

/** Lets the event happen once more, or sends its dead letters back. */
async function again(what) {
  const id = shown;
  const say = (text) => shown === id && write(find("again-status"), text);
  try {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ id, what });
    const answer = await ask("/replay", { method: "POST", headers, body });
    say(answer.event ? `Published again, as #${answer.event.slice(1)}.` : "Sent back.");
  } catch (error) {
    say(`That was not possible: ${error.message}`);
  }
}

/** Shows a key. A long one is folded, and can be unfolded. */
function showTitle(text) {
  const folded = fold(text, MAX_TITLE);
  write(find("details-title"), folded);
  const whole = find("whole-key");
  whole.hidden = folded === text;
  write(whole.firstElementChild, `The whole key, ${counted([...text].length, "character")}`);
  write(whole.lastElementChild, text);
}

function step({ after, what, tone, text }) {
  return make("li", { class: tone },
    make("span", { class: "after" }, `+${seconds(after)}`),
    make("span", { class: "what" }, what),
    make("span", { class: "text" }, text));
}

function payload(message) {
  const text = make("pre", { tabindex: "0" }, pretty(message.payload));
  const note = make("p", { class: "faint" }, `Only the beginning of ${bytes(message.bytes)}.`);
  return make("details", {}, make("summary"), text, ...(message.is_whole ? [] : [note]));
}

function summarize(element, message) {
  const id = message.id.slice(0, 8);
  const received = `received ${times(message.receives)}`;
  write(element.firstChild, `Message ${id} · ${message.location} · ${received}`);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
