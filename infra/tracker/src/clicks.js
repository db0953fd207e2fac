/** Clicks: in which order, and in anger. */

import { listen } from "./guard.js";
import { described, place, tag, up } from "./markup.js";

const SEQUENCE_MS = 10_000;
const RAGE = { clicks: 3, withinMs: 1_000, withinPx: 40 };

/** @param {(type: string, fields?: import("./markup.js").Fields) => void} event */
export const clicks = (event) => {
  let last = { element: /** @type {string | null | undefined} */ (null), at: -SEQUENCE_MS };
  let step = 0;
  /** @type {{ at: number, x: number, y: number }[]} */
  let near = [];
  listen(window, "click", (click) => {
    const { target, clientX: x, clientY: y, timeStamp: at } = click;
    // A click by a script is none of the reader's.
    if (!click.isTrusted || !(target instanceof Element)) return;
    const fields = { ...described(target), ...place(click) };
    const follows = at - last.at < SEQUENCE_MS;
    step = follows ? step + 1 : 1;
    near = near.filter(
      (each) => at - each.at < RAGE.withinMs && Math.hypot(each.x - x, each.y - y) < RAGE.withinPx,
    );
    near.push({ at, x, y });
    event("click", {
      ...fields,
      properties: {
        ...fields.properties,
        step,
        after: follows ? last.element : null,
        gap_ms: follows ? Math.round(at - last.at) : null,
        rage: near.length >= RAGE.clicks ? near.length : null,
      },
    });
    last = { element: fields.element, at };
    const name = tag(up(target, "[data-adjust-event]"), "-event");
    if (name) event("custom", { ...fields, properties: { ...fields.properties, name } });
  });
};
