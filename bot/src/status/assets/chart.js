// How long turns took: three lines over half an hour, with a logarithmic scale, since one slow turn must not flatten the rest.

import { h, s } from "./dom.js";
import { millis, number, words } from "./words.js";

const SPAN = 30 * 60_000;
const SLOT = 10_000;
const LEFT = 46;
const RIGHT = 14;
const TOP = 8;
const BOTTOM = 24;
const LINES = [["p99", "p99_ms"], ["p95", "p95_ms"], ["p50", "p50_ms"]];

/** Draws `slots` that end at `now` into a chart of this size; tells `point` which slot the pointer is at, or none. */
export function chart(slots, now, width, height, description, point) {
  const end = Math.ceil(now / SLOT) * SLOT;
  const values = slots.flatMap((slot) => [slot.p50_ms, slot.p99_ms]);
  const lowest = Math.min(0, Math.floor(Math.log10(Math.max(Math.min(...values), 0.1))));
  const highest = Math.max(2, Math.ceil(Math.log10(Math.max(...values) * 1.05)));
  const inner = { width: width - LEFT - RIGHT, height: height - TOP - BOTTOM };
  const x = (at) => LEFT + inner.width * (1 - (end - at) / SPAN);
  const y = (ms) => {
    const share = (Math.log10(Math.max(ms, 10 ** lowest)) - lowest) / (highest - lowest);
    return TOP + inner.height * (1 - share);
  };
  const svg = s("svg", { class: "chart", role: "img", "aria-label": description, viewBox: `0 0 ${width} ${height}`, "data-testid": "chart" });

  const most = Math.max(...slots.map((slot) => slot.count));
  const slotWidth = Math.max((inner.width * SLOT) / SPAN - 1, 1);
  for (const slot of slots) {
    const tall = (inner.height * 0.25 * slot.count) / most;
    svg.append(s("rect", { class: "count", x: x(slot.at), y: TOP + inner.height - tall, width: slotWidth, height: tall }));
  }
  for (let power = lowest; power <= highest; power += 1) {
    const at = y(10 ** power);
    svg.append(s("line", { class: "grid", x1: LEFT, x2: LEFT + inner.width, y1: at, y2: at }));
    svg.append(s("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, millis(10 ** power)));
  }
  const every = inner.width < 420 ? 10 : 5;
  for (let minutes = 30; minutes >= 0; minutes -= every) {
    const anchor = minutes === 0 ? "end" : "middle";
    svg.append(s("text", { x: x(end - minutes * 60_000) + (minutes === 0 ? RIGHT - 2 : 0), y: height - 6, "text-anchor": anchor }, words.minutesAgo(minutes)));
  }
  for (const [name, field] of LINES) {
    for (const run of runs(slots)) {
      const points = run.map((slot) => [x(slot.at + SLOT / 2), y(slot[field])]);
      if (points.length === 1) {
        svg.append(s("circle", { class: `dot ${name}`, cx: points[0][0], cy: points[0][1], r: 2.5 }));
      } else {
        svg.append(s("polyline", { class: `line ${name}`, points: points.map((one) => one.map((part) => part.toFixed(1)).join(",")).join(" ") }));
      }
    }
  }
  const cursor = s("line", { class: "cursor", y1: TOP, y2: TOP + inner.height, visibility: "hidden" });
  svg.append(cursor);
  svg.addEventListener("pointermove", (event) => {
    const at = end - SPAN * (1 - (event.offsetX - LEFT) / inner.width);
    const slot = nearest(slots, at);
    cursor.setAttribute("visibility", slot ? "visible" : "hidden");
    if (slot) {
      cursor.setAttribute("x1", x(slot.at + SLOT / 2));
      cursor.setAttribute("x2", x(slot.at + SLOT / 2));
    }
    point(slot);
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    point(null);
  });
  return svg;
}

/** Slots that follow each other closely; across a pause no line is drawn. */
function runs(slots) {
  const found = [];
  for (const slot of slots) {
    const last = found.at(-1);
    if (last && slot.at - last.at(-1).at <= 3 * SLOT) last.push(slot);
    else found.push([slot]);
  }
  return found;
}

function nearest(slots, at) {
  const distance = (slot) => Math.abs(slot.at + SLOT / 2 - at);
  const best = slots.reduce((one, other) => (distance(other) < distance(one) ? other : one));
  return distance(best) < 3 * SLOT ? best : null;
}

/** What the lines are, with the figures of a slot or of all. */
export function legend(figures, when) {
  const value = (name, ms) => h("span", { class: name }, `${name} `, h("b", {}, millis(ms)));
  return [
    value("p50", figures.p50_ms),
    value("p95", figures.p95_ms),
    value("p99", figures.p99_ms),
    h("span", { class: "plain" }, h("b", {}, number(figures.count)), ` ${words.turns}`, when ? `, ${when}` : ""),
  ];
}
