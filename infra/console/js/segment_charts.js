/** Draws segments: a map along the two axes in which they differ most, and their shares by version. */

import { el, svg } from "./dom.js";
import { formatDateTime } from "./format.js";
import { scale, timeLabels } from "./plot.js";

const MAP_HIGH = 400;
const MARGIN = 70;
const GREATEST_RADIUS = 60;
const LEAST_RADIUS = 8;
const SIZES_HIGH = 200;
const COLOURS = 12;
const percent = (share) => `${Math.round(100 * share)} %`;

/** A function from the id of a segment to its class of colour: a segment keeps its colour while others come and go. */
export function groupClasses(ids) {
  const numberOf = (id) => Number(/^s(\d+)$/.exec(id)?.[1] ?? NaN);
  const ordered = [...new Set(ids)].sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? -1 : 1));
  const places = new Map(ordered.map((id, place) => [id, place % COLOURS]));
  return (id) => `group-${places.get(id) ?? "none"}`;
}

/** @param {number} wide units across; the letters are as large in every width */
export function groupMap({ segments, axes }, classOf, wide) {
  const high = Math.min(MAP_HIGH, wide);
  const [across, up] = [0, 1].map((axis) => segments.map((each) => each.place[axis]));
  // At least one spread: what lies closer is no distance.
  const fit = (values, from, to) => {
    const middle = (Math.min(...values) + Math.max(...values)) / 2;
    const half = Math.max((Math.max(...values) - Math.min(...values)) / 2, 0.5);
    return scale(middle - half, middle + half, from, to);
  };
  const [x, y] = [fit(across, MARGIN, wide - MARGIN), fit(up, high - MARGIN, MARGIN)];
  const largest = Math.max(...segments.map((each) => each.share), 1e-6);
  const greatest = Math.min(GREATEST_RADIUS, wide / 8);
  const radius = (each) => Math.max(LEAST_RADIUS, greatest * Math.sqrt(each.share / largest));
  const words = `Map of ${segments.length} groups: ${segments.map((each) => `${each.segment_id}, ${each.name}, ${percent(each.share)}`).join("; ")}`;
  return [
    el("p", { class: "faint" }, `→ ${axes[0]}. ↑ ${axes[1]}. What lies near is alike.`),
    svg("svg", { class: "groups", viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": words },
      svg("line", { class: "axis", x1: 10, x2: wide - 10, y1: high - 10, y2: high - 10 }), svg("line", { class: "axis", x1: 10, x2: 10, y1: 10, y2: high - 10 }),
      segments.map((each) => svg("g", {}, svg("circle", { class: `group ${classOf(each.segment_id)}`, cx: x(each.place[0]), cy: y(each.place[1]), r: radius(each) },
        svg("title", {}, `${each.segment_id}: ${each.name}, ${percent(each.share)} of the readers`)))),
      segments.map((each) => svg("text", { class: "label", x: x(each.place[0]), y: y(each.place[1]) + 6, "text-anchor": "middle" }, `${each.segment_id} · ${percent(each.share)}`))),
    legend(segments.map((each) => [each.segment_id, each.name]), classOf),
  ];
}

const legend = (groups, classOf) => el("ul", { class: "legend" }, groups.map(([id, name]) => el("li", {}, el("span", { class: `swatch ${classOf(id)}` }), `${id}: ${name}`)));

/** Stacked shares, one bar for each version that the topic still holds. */
export function groupSizes({ history, names }, classOf, wide) {
  const left = 46;
  const step = (wide - left) / history.length;
  const bottom = SIZES_HIGH + 10;
  const y = scale(0, 1, bottom, 10);
  const bars = history.map((version, column) => {
    let below = 0;
    return Object.keys(version.shares).sort().map((id) => {
      const share = version.shares[id];
      const bar = svg("rect", { class: `group ${classOf(id)}`, x: left + column * step, width: Math.max(1, step - 1.5), y: y(below + share), height: Math.max(0, y(below) - y(below + share)) },
        svg("title", {}, `${id}, ${names[id]}: ${percent(share)}, version ${version.version}, ${formatDateTime(version.at_ms)}`));
      below += share;
      return bar;
    });
  });
  const last = history.at(-1);
  return svg("svg", { viewBox: `0 0 ${wide} ${bottom + 24}`, role: "img", "aria-label": `Shares over ${history.length} versions; at last ${Object.entries(last.shares).map(([id, share]) => `${id} ${percent(share)}`).join(", ")}` },
    [0, 0.5, 1].map((share) => [svg("line", { class: "axis", x1: left - 6, x2: wide, y1: y(share), y2: y(share) }), svg("text", { x: left - 10, y: y(share) + 4, "text-anchor": "end", class: "faint" }, percent(share))]),
    bars, timeLabels(history.map((each) => each.at_ms), left, wide, bottom + 18));
}
