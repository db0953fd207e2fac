/** What several charts share: axes of event time, and scales. */

import { el, svg } from "./dom.js";
import { formatDateTime } from "./format.js";

/** A function from [low, high] to [from, to]; the middle where all values are one. */
export function scale(low, high, from, to) {
  return (value) => (high === low ? (from + to) / 2 : from + ((to - from) * (value - low)) / (high - low));
}

/** The first and the last time under an axis, each beside its end of it. */
export function timeLabels(times, left, right, y) {
  const [first, last] = [times[0], times.at(-1)];
  return [
    svg("text", { x: left, y, class: "faint" }, formatDateTime(first)),
    last !== first && svg("text", { x: right, y, "text-anchor": "end", class: "faint" }, formatDateTime(last)),
  ];
}

const NARROW = matchMedia("(max-width: 40rem)");

/** A place that holds what `draw` gives for a width: on a phone a drawing of fewer units, so that its letters stay as large. */
export function drawnToFit(draw, signal) {
  const place = el("div");
  const show = () => place.replaceChildren(...[draw(NARROW.matches ? 340 : 800)].flat());
  NARROW.addEventListener("change", show, { signal });
  show();
  return place;
}
