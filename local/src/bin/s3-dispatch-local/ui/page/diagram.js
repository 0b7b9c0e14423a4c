// The pipeline as boxes and arrows.

import { find, make, reconcile, write } from "./dom.js";
import { open } from "./details.js";

const BADGES = { bucket: "S3", topic: "SNS", bus: "EB", queue: "SQS", function: "λ" };
const MAX_TOKENS = 3;
const MAX_DOTS = 3;
const SVG = "http://www.w3.org/2000/svg";
const isWide = matchMedia("(min-width: 56rem)");
const reducesMotion = matchMedia("(prefers-reduced-motion: reduce)");

const kindOf = (node) => node.slice(0, node.indexOf(":"));
const nameOf = (node) => node.slice(node.indexOf(":") + 1);

export class Diagram {
  #boxes = new Map();
  #edges = [];
  #svg = find("arrows");

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
      write(edge.text, count ? String(count) : "");
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
    const figures = figuresOf(node, counters, queue, this.isDeadLetterQueue(node));
    const [list, row] = [box.querySelector("dl"), box.querySelector(".tokens")];
    const create = () => make("div", {}, make("dt"), make("dd"));
    reconcile(list, figures, ([name]) => name, create, (element, [name, count, tone]) => {
      write(element.firstChild, name);
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
      element.title = `${item.message.key ?? item.message.id}: ${item.how}`;
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
    const origin = this.#svg.getBoundingClientRect();
    const order = [...this.#boxes.keys()];
    const lanes = new Map();
    for (const edge of this.#edges) {
      const [from, to] = [edge.from, edge.to].map((node) => {
        return this.#boxes.get(node)?.getBoundingClientRect();
      });
      if (!from || !to) continue;
      const isColumn = !isWide.matches || Math.abs(from.left - to.left) < 2;
      const isNext = isWide.matches
        ? this.#rowOf(edge.to) === this.#rowOf(edge.from) + 1
        : order.indexOf(edge.to) === order.indexOf(edge.from) + 1;
      if (!isColumn) across(edge, from, to, origin);
      else if (isNext) down(edge, from, to, origin);
      else {
        const side = edge.kind === "redrives" ? "right" : "left";
        if (!lanes.has(edge.from)) lanes.set(edge.from, lanes.size % 3);
        around(edge, from, to, origin, side, lanes.get(edge.from));
      }
    }
  }
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

function figuresOf(node, counters, queue, isDead) {
  const all = queue ? queue.delayed + queue.visible + queue.in_flight : 0;
  switch (kindOf(node)) {
    case "bucket":
      return [["events", counters.objects ?? 0]];
    case "topic":
    case "bus":
      return [
        ["notifications", counters.notifications ?? 0],
        ["filtered out", counters["filtered out"] ?? 0, "faint"],
      ];
    case "queue":
      if (isDead) return [["dead letters", all, "bad"]];
      return [
        ["visible", queue?.visible ?? 0],
        ["in flight", queue?.in_flight ?? 0, "busy"],
        ...(queue?.delayed ? [["delayed", queue.delayed]] : []),
        ...(counters.expired ? [["expired", counters.expired, "bad"]] : []),
      ];
    default:
      return [
        ["running", counters.running ?? 0, "busy"],
        ["handled", counters.handled ?? 0, "good"],
        ["failed", counters.failed ?? 0, "bad"],
        ...(counters.crashes ? [["crashes", counters.crashes, "bad"]] : []),
        ...(counters.timeouts ? [["timeouts", counters.timeouts, "bad"]] : []),
      ];
  }
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

function across(edge, from, to, origin) {
  const [x1, y1] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
  const [x2, y2] = [to.left - origin.left - 3, to.top + to.height / 2 - origin.top];
  const bend = Math.max(24, (x2 - x1) / 2);
  const curve = `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
  trace(edge, curve, (x1 + x2) / 2, (y1 + y2) / 2 - 8);
}

function down(edge, from, to, origin) {
  const x = from.left + Math.min(from.width / 2, 60) - origin.left;
  const [y1, y2] = [from.bottom - origin.top, to.top - origin.top - 3];
  trace(edge, `M${x},${y1} L${x},${y2}`, x + 16, (y1 + y2) / 2 + 4);
}

function around(edge, from, to, origin, side, lane) {
  const sign = side === "left" ? -1 : 1;
  const [a, b] = [from[side] - origin.left, to[side] - origin.left];
  const edgeOfBoxes = side === "left" ? Math.min(a, b) : Math.max(a, b);
  const x = edgeOfBoxes + sign * (12 + 6 * (side === "left" ? lane : 0));
  const y1 = from.top + from.height * 0.6 - origin.top;
  const y2 = to.top + to.height * 0.4 - origin.top;
  trace(edge, `M${a},${y1} L${x},${y1} L${x},${y2} L${b + sign * 3},${y2}`, x, y2 - 8);
}

function trace(edge, d, x, y) {
  if (edge.path.getAttribute("d") === d) return;
  // A moving dot still follows the old arrow.
  for (const dot of edge.dots) dot.remove();
  edge.dots.clear();
  edge.path.setAttribute("d", d);
  edge.path.setAttribute("marker-end", "url(#head)");
  edge.text.setAttribute("x", x);
  edge.text.setAttribute("y", y);
}

const draw = (name) => document.createElementNS(SVG, name);

function arrowHead() {
  const marker = draw("marker");
  const attributes = {
    id: "head",
    viewBox: "0 0 8 8",
    refX: 7,
    refY: 4,
    markerWidth: 8,
    markerHeight: 8,
    orient: "auto",
    markerUnits: "userSpaceOnUse",
  };
  for (const [key, value] of Object.entries(attributes)) marker.setAttribute(key, value);
  const tip = draw("path");
  tip.setAttribute("d", "M0,0 L8,4 L0,8 Z");
  marker.append(tip);
  const definitions = draw("defs");
  definitions.append(marker);
  return definitions;
}
