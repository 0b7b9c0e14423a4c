// The faults: their rates, and how often each was injected.

import { ask, find, make, write } from "./dom.js";
import { times } from "./text.js";

const HOPS = {
  publish: "Bucket to topic or event bus",
  deliver: "To queue",
  send: "Client to queue",
  receive: "Queue to function or client",
  invoke: "Function",
  delete: "Deletion from queue",
  "change-visibility": "Visibility timeout",
};
const DEFAULT_PERCENT = 20;

export class Faults {
  #rows = new Map();
  #form = find("faults");

  constructor() {
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    for (const button of document.querySelectorAll(".presets button")) {
      button.addEventListener("click", () => this.#preset(Number(button.dataset.rate)));
    }
  }

  update(rates, counts, seed) {
    const injected = new Map(counts.map(([hop, fault, count]) => [`${hop} ${fault}`, count]));
    for (const { hop, fault, rate } of rates) {
      const row = this.#row(hop, fault);
      row.box.checked = rate > 0;
      if (rate > 0 && !row.isDragged) setRange(row, Math.round(rate * 100));
      const count = injected.get(`${hop} ${fault}`) ?? 0;
      write(row.count, count ? `${count}×` : "");
      row.count.title = count ? `injected ${times(count)}` : "";
    }
    for (const button of document.querySelectorAll(".presets button")) {
      const preset = Number(button.dataset.rate);
      const isOn = rates.every(({ rate }) => Math.abs(rate - preset) < 0.001);
      button.setAttribute("aria-pressed", String(isOn));
    }
    write(find("seed"), `Seed ${seed}. The same seed injects the same faults.`);
  }

  #row(hop, fault) {
    const key = `${hop} ${fault}`;
    if (!this.#rows.has(key)) this.#rows.set(key, this.#make(hop, fault));
    return this.#rows.get(key);
  }

  #make(hop, fault) {
    let group = this.#form.querySelector(`[data-hop="${CSS.escape(hop)}"]`);
    if (!group) {
      group = make("fieldset", { "data-hop": hop }, make("legend", {}, HOPS[hop] ?? hop));
      this.#form.append(group);
    }
    const box = make("input", { type: "checkbox" });
    const name = fault.replaceAll("-", " ");
    const label = `rate of ${name}, ${HOPS[hop] ?? hop}`;
    const range = make("input", { type: "range", min: "1", max: "100", "aria-label": label });
    const row = {
      box,
      range,
      output: make("span", { class: "rate", "aria-hidden": "true" }),
      count: make("span", { class: "count" }),
      isDragged: false,
    };
    setRange(row, DEFAULT_PERCENT);
    const rate = () => Number(range.value) / 100;
    box.addEventListener("change", () => {
      change([{ hop, fault, rate: box.checked ? rate() : 0 }]);
    });
    range.addEventListener("input", () => {
      row.isDragged = true;
      setRange(row, Number(range.value));
    });
    range.addEventListener("change", () => {
      row.isDragged = false;
      change([{ hop, fault, rate: rate() }]);
    });
    const parts = [make("label", {}, box, name), range, row.output, row.count];
    group.append(make("div", { class: "fault" }, ...parts));
    return row;
  }

  #preset(rate) {
    change([...this.#rows.keys()].map((key) => {
      const [hop, fault] = key.split(" ");
      return { hop, fault, rate };
    }));
  }
}

function setRange(row, percent) {
  row.range.value = String(percent);
  row.range.setAttribute("aria-valuetext", `${percent}%`);
  write(row.output, `${percent}%`);
}

async function change(rates) {
  const status = find("faults-status");
  try {
    const headers = { "Content-Type": "application/json" };
    await ask("/faults", { method: "POST", headers, body: JSON.stringify({ rates }) });
    write(status, "");
  } catch (error) {
    write(status, `The faults were not changed: ${error.message}`);
  }
}
