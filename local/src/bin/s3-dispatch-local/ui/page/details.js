// The dialog for one message: its path and its payload.

import { ask, bytes, find, make, reconcile, seconds, write } from "./dom.js";
import { describe, title } from "./messages.js";

const dialog = find("details");
let shown = null;
let timer = 0;

find("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => (shown = null));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

export async function open(id) {
  shown = id;
  for (const part of ["path", "payloads"]) find(part).replaceChildren();
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
  write(find("details-title"), title(details));
  const size = details.size === null ? [] : [bytes(details.size)];
  const parts = [describe(details), details.bucket, ...size];
  write(find("details-about"), parts.filter(Boolean).join(" · "));
  const dropped = details.dropped_steps;
  find("dropped-steps").hidden = dropped === 0;
  write(find("dropped-steps"), `Earlier steps not shown: ${dropped}`);
  const steps = details.steps.map((step, index) => ({ ...step, number: String(dropped + index) }));
  reconcile(find("path"), steps, (step) => step.number, step, () => {});
  find("no-payload").hidden = details.messages.length > 0;
  reconcile(find("payloads"), details.messages, (message) => message.id, payload, summarize);
  if (details.messages.length === 1) find("payloads").firstElementChild.setAttribute("open", "");
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
  const times = message.receives === 1 ? "once" : `${message.receives} times`;
  const id = message.id.slice(0, 8);
  write(element.firstChild, `Message ${id} · ${message.location} · received ${times}`);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
