/** Records clicks, with their order in a sequence and rage clicks: several quick ones at one place that nothing answers. */

import { listen } from "./guard.js";
import { closest, dataAdjust, describeElement, origin } from "./dom.js";

const SEQUENCE_MS = 10_000;
const RAGE_CLICKS = 3;
const RAGE_MS = 1_000;
const RAGE_PX = 40;

/** @param {import("./adjust.js").Internals} internals */
export const clicks = (internals) => {
  const { event } = internals;
  /** @type {string | null | undefined} */
  let before;
  let lastAt = -SEQUENCE_MS;
  let step = 0;
  /** @type {{ at: number, x: number, y: number }[]} */
  let near = [];
  internals.onAnswer = () => {
    near = [];
  };
  // Several clicks that select a text have had their effect.
  listen(window, "scroll change selectionchange", internals.onAnswer);
  // A middle click opens a link in a tab of its own, and is told as `auxclick`.
  listen(window, "click auxclick", (click) => {
    const { button, detail, clientX: x, clientY: y, timeStamp: at } = click;
    const target = origin(click);
    // A click by a script is none of the reader's, and the one that a label hands on to its field is the same once more.
    if (!click.isTrusted || at === lastAt || !(target instanceof Element)) return;
    if (button && (button > 1 || !closest(target, "a[href]"))) return;
    // A key has no place.
    const fields = { ...describeElement(target), ...(detail && internals.pagePosition(click, target)) };
    const follows = at - lastAt < SEQUENCE_MS;
    step = follows ? step + 1 : 1;
    near = near.filter(
      (each) => at - each.at < RAGE_MS && Math.hypot(each.x - x, each.y - y) < RAGE_PX,
    );
    if (detail) near.push({ at, x, y });
    event("click", {
      ...fields,
      properties: {
        ...fields.properties,
        step,
        after: follows ? before : null,
        gap_ms: follows ? Math.round(at - lastAt) : null,
        rage: near.length >= RAGE_CLICKS ? near.length : null,
      },
    });
    before = fields.element;
    lastAt = at;
    const name = dataAdjust(closest(target, "[data-adjust-event]"), "-event");
    if (name) event("custom", { ...fields, properties: { ...fields.properties, name } });
  });
};
