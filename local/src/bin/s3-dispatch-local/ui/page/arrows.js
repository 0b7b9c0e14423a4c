// The arrows between the boxes, and where their counts stand.

const SVG = "http://www.w3.org/2000/svg";
/** How far apart the points of an arrow are that a count keeps away from, in pixels. */
const STEP = 3;
/** The room around a count, in pixels. */
const MARGIN = 1;
/** Where along an arrow a count may stand: in the middle, or as near to it as there is room. */
const PLACES = Array.from({ length: 37 }, (_, index) => (index + 1) / 38).sort(
  (one, other) => Math.abs(one - 0.5) - Math.abs(other - 0.5),
);
/** Above the line, below it, beside it, or at a corner. */
const SIDES = [[0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];

export const draw = (name) => document.createElementNS(SVG, name);

export function arrowHead() {
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

/** An arrow to the next column, from and to these heights. */
export function across(edge, from, to, y1, y2) {
  const [x1, x2] = [from.right, to.left - 3];
  const bend = Math.max(20, (x2 - x1) / 2);
  trace(edge, `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`);
}

/** An arrow to the box below. */
export function down(edge, from, to) {
  const x = from.left + 20;
  trace(edge, `M${x},${from.bottom} L${x},${to.top - 3}`);
}

/** An arrow past other boxes of the same column. */
export function around(edge, from, to, side, lane) {
  const sign = side === "left" ? -1 : 1;
  const [a, b] = [from[side], to[side]];
  const edgeOfBoxes = side === "left" ? Math.min(a, b) : Math.max(a, b);
  const x = edgeOfBoxes + sign * (10 + 6 * lane);
  const y1 = from.top + from.height * 0.6;
  const y2 = to.top + to.height * 0.4;
  trace(edge, `M${a},${y1} L${x},${y1} L${x},${y2} L${b + sign * 3},${y2}`);
}

function trace(edge, d) {
  if (edge.path.getAttribute("d") === d) return;
  // A moving dot still follows the old arrow.
  for (const dot of edge.dots) dot.remove();
  edge.dots.clear();
  edge.path.setAttribute("d", d);
  edge.path.setAttribute("marker-end", "url(#head)");
}

/** Places the counts where they touch no arrow, no box and no other count. */
export function placeCounts(edges, boxes, width) {
  const lines = edges.map((edge) => pointsOf(edge.path));
  const points = lines.flat();
  const taken = [...boxes];
  edges.forEach((edge, index) => {
    edge.text.removeAttribute("hidden");
    for (const name of ["x", "y"]) edge.text.setAttribute(name, 0);
    const size = edge.text.getBBox();
    const spot = findSpot(lines[index], size, (area) =>
      area.left >= 0 &&
      area.right <= width &&
      !taken.some((other) => overlap(area, other)) &&
      !points.some((point) => contains(area, point)));
    edge.text.toggleAttribute("hidden", !spot);
    if (!spot) return;
    taken.push(spot);
    edge.text.setAttribute("x", spot.left + MARGIN - size.x);
    edge.text.setAttribute("y", spot.top + MARGIN - size.y);
  });
}

function pointsOf(path) {
  if (!path.getAttribute("d")) return [];
  const length = path.getTotalLength();
  const count = Math.ceil(length / STEP);
  return Array.from({ length: count + 1 }, (_, index) =>
    path.getPointAtLength((length * index) / count));
}

/** Finds a free area for a count of this size, as near to the line as there is room. */
function findSpot(line, { width, height }, isFree) {
  if (!line.length) return null;
  const [half, middle] = [width / 2 + MARGIN, height / 2 + MARGIN];
  for (const distance of [0, 4, 8, 12]) {
    for (const place of PLACES) {
      const { x, y } = line[Math.round(place * (line.length - 1))];
      for (const [right, down] of SIDES) {
        const left = x + right * (half + 2 + distance) - half;
        const top = y + down * (middle + distance) - middle;
        const area = { left, right: left + 2 * half, top, bottom: top + 2 * middle };
        if (isFree(area)) return area;
      }
    }
  }
  return null;
}

const overlap = (one, other) =>
  one.left < other.right &&
  one.right > other.left &&
  one.top < other.bottom &&
  one.bottom > other.top;

const contains = (area, { x, y }) =>
  x > area.left && x < area.right && y > area.top && y < area.bottom;
