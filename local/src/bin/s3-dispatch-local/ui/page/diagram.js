// The pipeline as boxes and arrows.

import { across, around, arrowHead, down, draw, placeCounts } from "./arrows.js";
import { find, make, reconcile, write } from "./dom.js";
import { figuresOf } from "./figures.js";
import { open } from "./details.js";
import { plain } from "./text.js";

const BADGES = { bucket: "S3", topic: "SNS", bus: "EB", queue: "SQS", function: "λ" };
const MAX_TOKENS = 3;
const MAX_DOTS = 3;
const isWide = matchMedia("(min-width: 56rem)");
const reducesMotion = matchMedia("(prefers-reduced-motion: reduce)");

const kindOf = (node) => node.slice(0, node.indexOf(":"));
const nameOf = (node) => node.slice(node.indexOf(":") + 1);

export class Diagram {
  #boxes = new Map();
  #edges = [];
  #svg = find("arrows");
  #areCountsMisplaced = false;

  constructor() {
    new ResizeObserver(() => this.#route()).observe(find("nodes"));
    isWide.addEventListener("change", () => this.#route());
  }

  begin({ nodes, edges }) {
    find("nodes").replaceChildren();
    this.#svg.replaceChildren(arrowHead());
    this.#boxes.clear();
    this.#edges = edges.map((edge) => ({
      ...edge,
      count: null,
      dots: new Set(),
      path: draw("path"),
      text: draw("text"),
    }));
    for (const edge of this.#edges) {
      edge.path.classList.add(edge.kind);
      this.#svg.append(edge.path, edge.text);
    }
    for (const place of arrange(nodes, edges)) this.#box(place);
    this.#route();
  }

  isDeadLetterQueue(node) {
    return this.#edges.some((edge) => edge.kind === "redrives" && edge.to === node);
  }

  update({ flows, actions, state }, messages) {
    const counts = new Map(flows.map(([from, to, count]) => [`${from} ${to}`, count]));
    for (const edge of this.#edges) {
      const count = counts.get(`${edge.from} ${edge.to}`) ?? 0;
      if (edge.count !== null && count > edge.count) this.#travel(edge);
      edge.count = count;
      const text = count ? String(count) : "";
      const isLonger = text.length !== edge.text.textContent.length;
      write(edge.text, text);
      if (isLonger) this.#areCountsMisplaced = true;
    }
    const counters = new Map([...this.#boxes.keys()].map((node) => [node, {}]));
    for (const [node, action, count] of actions) {
      if (counters.has(node)) counters.get(node)[action] = count;
    }
    const tokens = new Map();
    for (const message of messages) {
      for (const { node, how, count } of message.at) {
        if (!tokens.has(node)) tokens.set(node, []);
        tokens.get(node).push({ message, how, count });
      }
    }
    for (const [node, box] of this.#boxes) {
      this.#fill(node, box, counters.get(node), state.queues[node], tokens.get(node) ?? []);
    }
    if (this.#areCountsMisplaced) this.#route();
  }

  #box({ node, column, row, span }) {
    const kind = kindOf(node);
    const isDead = this.isDeadLetterQueue(node);
    const spokenKind = isDead ? "dead-letter queue " : `${kind} `;
    const box = make("li", { class: `node ${kind}${isDead ? " letters" : ""}` });
    for (const [name, value] of Object.entries({ column, row, span })) {
      box.style.setProperty(`--${name}`, value);
    }
    const to = this.#edges.filter((edge) => edge.from === node);
    const links = to.map((edge) => `${edge.kind} ${nameOf(edge.to)} (${edge.label})`).join(", ");
    box.append(
      make("div", { class: "head" },
        make("span", { class: "badge", "aria-hidden": "true" }, BADGES[kind]),
        make("h3", {}, make("span", { class: "hidden" }, spokenKind), nameOf(node))),
      make("p", { class: "hidden" }, links),
      make("dl"),
      make("p", { class: "tokens" }),
    );
    find("nodes").append(box);
    this.#boxes.set(node, box);
  }

  #fill(node, box, counters, queue, tokens) {
    const figures = figuresOf(kindOf(node), counters, queue, this.isDeadLetterQueue(node));
    const [list, row] = [box.querySelector("dl"), box.querySelector(".tokens")];
    const create = () => make("div", {}, make("dt"), make("dd"));
    reconcile(list, figures, ([name]) => name, create, (element, [one, more, count, tone]) => {
      write(element.firstChild, count === 1 ? one : more);
      write(element.lastChild, String(count));
      element.className = count ? tone ?? "" : "none";
    });
    const shown = tokens.slice(0, MAX_TOKENS);
    const all = tokens.reduce((sum, token) => sum + token.count, 0);
    const more = all - shown.reduce((sum, token) => sum + token.count, 0);
    const items = more > 0 ? [...shown, { more }] : shown;
    const key = (item) => (item.more ? "more" : `${item.message.id} ${item.how}`);
    const createItem = (item) => (item.more ? make("span") : token(item));
    reconcile(row, unique(items, key), key, createItem, (element, item) => {
      if (item.more) return write(element, `+${item.more}`);
      element.title = `${plain(item.message.key ?? item.message.id)}: ${item.how}`;
    });
  }

  /** Moves a dot along an arrow. */
  #travel(edge) {
    edge.path.classList.remove("busy");
    // Reading the layout makes a running animation start again.
    void edge.path.getBoundingClientRect();
    edge.path.classList.add("busy");
    const d = edge.path.getAttribute("d");
    const isUnseen = reducesMotion.matches || document.hidden || !d;
    if (isUnseen || edge.dots.size === MAX_DOTS) return;
    const dot = draw("circle");
    dot.setAttribute("r", "4.5");
    dot.style.offsetPath = `path("${d}")`;
    this.#svg.append(dot);
    edge.dots.add(dot);
    const frames = [{ offsetDistance: "0%" }, { offsetDistance: "100%" }];
    dot.animate(frames, { duration: 700, easing: "ease-in-out" }).onfinish = () => {
      dot.remove();
      edge.dots.delete(dot);
    };
  }

  #rowOf(node) {
    return Number(this.#boxes.get(node).style.getPropertyValue("--row"));
  }

  /** Draws the arrows again, for the current positions of the boxes. */
  #route() {
    this.#areCountsMisplaced = false;
    const origin = this.#svg.getBoundingClientRect();
    const places = new Map([...this.#boxes].map(([node, box]) => [node, placeOf(box, origin)]));
    const order = [...this.#boxes.keys()];
    const lanes = new Map();
    for (const edge of this.#edges) {
      const [from, to] = [places.get(edge.from), places.get(edge.to)];
      if (!from || !to) continue;
      const isNext = isWide.matches
        ? this.#rowOf(edge.to) === this.#rowOf(edge.from) + 1
        : order.indexOf(edge.to) === order.indexOf(edge.from) + 1;
      if (!isInColumn(from, to)) {
        const [start, end] = this.#ends(edge, places);
        across(edge, from, to, start, end);
      } else if (isNext) down(edge, from, to);
      else {
        const side = edge.kind === "redrives" ? "right" : "left";
        if (!lanes.has(edge.from)) lanes.set(edge.from, lanes.size % 3);
        around(edge, from, to, side, side === "left" ? lanes.get(edge.from) : 0);
      }
    }
    placeCounts(this.#edges, places.values(), origin.width);
  }

  /** The heights at which an arrow to another column begins and ends, away from other arrows. */
  #ends(edge, places) {
    const isOther = ({ from, to }) =>
      places.has(from) && places.has(to) && !isInColumn(places.get(from), places.get(to));
    const heightAt = (node, end, opposite) => {
      const all = this.#edges.filter((other) => other[end] === node && isOther(other));
      const middle = (other) => places.get(other[opposite]).middle;
      all.sort((one, other) => middle(one) - middle(other));
      const { top, height } = places.get(node);
      return top + (height * (all.indexOf(edge) + 1)) / (all.length + 1);
    };
    return [heightAt(edge.from, "from", "to"), heightAt(edge.to, "to", "from")];
  }
}

const isInColumn = (from, to) => !isWide.matches || Math.abs(from.left - to.left) < 2;

/** Where a box is in the diagram. */
function placeOf(box, origin) {
  const { left, right, top, bottom, height } = box.getBoundingClientRect();
  return {
    left: left - origin.left,
    right: right - origin.left,
    top: top - origin.top,
    bottom: bottom - origin.top,
    height,
    middle: top + height / 2,
  };
}

/**
 * Places the boxes: buckets, topics and the event bus on the left, then each queue in a row with the functions it
 * invokes, above its dead-letter queue.
 */
function arrange(nodes, edges) {
  const of = (kind) => nodes.filter((node) => kindOf(node) === kind);
  const letters = new Set(edges.filter((edge) => edge.kind === "redrives").map((edge) => edge.to));
  for (const edge of edges) if (edge.kind !== "redrives") letters.delete(edge.to);
  const placed = new Set();
  const right = [];
  let row = 1;
  const put = (node, column) => {
    if (placed.has(node)) return;
    placed.add(node);
    right.push({ node, column, row, span: 1 });
  };
  for (const queue of of("queue").filter((node) => !letters.has(node))) {
    put(queue, 3);
    const out = edges.filter((edge) => edge.from === queue);
    for (const edge of out.filter((edge) => edge.kind === "invokes")) put(edge.to, 4);
    row += 1;
    for (const edge of out.filter((edge) => edge.kind === "redrives" && !placed.has(edge.to))) {
      put(edge.to, 3);
      row += 1;
    }
  }
  for (const node of [...of("queue"), ...of("function")]) {
    if (placed.has(node)) continue;
    put(node, kindOf(node) === "queue" ? 3 : 4);
    row += 1;
  }
  const middle = [...of("topic"), ...of("bus")];
  const rows = Math.max(row - 1, of("bucket").length, middle.length);
  const spread = (boxes, column) =>
    boxes.map((node, index, all) => {
      const span = Math.floor(rows / all.length);
      return { node, column, row: 1 + index * span, span };
    });
  return [...spread(of("bucket"), 1), ...spread(middle, 2), ...right];
}

function token({ message, how }) {
  // Not in the tab order: the list of messages has the same buttons, and they stay in place.
  const name = message.id.startsWith("e") ? `#${message.id.slice(1)}` : message.id.slice(1, 5);
  const button = make("button", { type: "button", class: `token ${how}`, tabindex: "-1" }, name);
  button.addEventListener("click", () => open(message.id));
  return button;
}

function unique(items, keyOf) {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}
