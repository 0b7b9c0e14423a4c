// One message: its path, and what it says.

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

/** What is shown has changed. */
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
  write(find("details-about"), [describe(details), details.bucket, ...size].filter(Boolean).join(" · "));
  find("forgotten").hidden = details.forgotten === 0;
  write(find("forgotten"), `${details.forgotten} earlier steps are forgotten`);
  const steps = details.steps.map((step, index) => ({ ...step, number: String(details.forgotten + index) }));
  reconcile(find("path"), steps, (step) => step.number, step, () => {});
  find("no-payload").hidden = details.messages.length > 0;
  reconcile(find("payloads"), details.messages, (message) => message.id, payload, about);
  if (!details.messages.some((_, index) => index > 0)) find("payloads").firstElementChild?.setAttribute("open", "");
}

function step({ after, what, tone, text }) {
  return make("li", { class: tone },
    make("span", { class: "after" }, `+${seconds(after)}`), make("span", { class: "what" }, what), make("span", { class: "text" }, text));
}

function payload(message) {
  return make("details", {}, make("summary"), make("pre", { tabindex: "0" }, pretty(message.payload)),
    ...(message.is_whole ? [] : [make("p", { class: "faint" }, `the first of ${bytes(message.bytes)}`)]));
}

function about(element, message) {
  const receives = message.receives === 1 ? "received once" : `received ${message.receives} times`;
  write(element.firstChild, `Message ${message.id.slice(0, 8)} · ${message.place} · ${receives}`);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
