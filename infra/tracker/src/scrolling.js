/** How far, how fast and how often back. */

import { guarded, listen } from "./guard.js";
import { clamp01 } from "./dom.js";

const EACH_MS = 1_000;
const REST_MS = 200;

/** @param {(type: string, fields?: import("./dom.js").Fields) => void} event */
export const scrolling = (event) => {
  let from = 0;
  let to = 0;
  let path = 0;
  let back = 0;
  let depth = 0;
  let deepest = 0;
  let timer = 0;
  /** @type {WeakMap<Element, number>} */
  const tops = new WeakMap();

  const tell = guarded(() => {
    clearTimeout(timer);
    if (!path) return;
    event("scroll", {
      value: depth,
      properties: {
        path_px: Math.round(path),
        back_px: Math.round(back),
        // A single jump has no duration, and so no speed.
        speed_px_s: to - from > 50 ? Math.round((path * 1000) / (to - from)) : null,
      },
    });
    path = back = 0;
  });

  const look = (/** @type {Element} */ box) => {
    tops.set(box, box.scrollTop);
    depth = clamp01((box.scrollTop + box.clientHeight) / box.scrollHeight);
    deepest = Math.max(deepest, depth);
  };

  listen(document, "scroll", ({ target, timeStamp }) => {
    const box = target === document ? document.scrollingElement : target;
    // A small box that scrolls inside the page tells nothing about the page.
    if (box.clientHeight < innerHeight / 2) return;
    const moved = box.scrollTop - (tops.get(box) ?? 0);
    look(box);
    if (!path) from = timeStamp;
    to = timeStamp;
    path += Math.abs(moved);
    back += Math.max(0, -moved);
    clearTimeout(timer);
    if (timeStamp - from >= EACH_MS) tell();
    else timer = setTimeout(tell, REST_MS);
  });

  return {
    tell,
    begin: () => {
      deepest = 0;
      if (document.scrollingElement) look(document.scrollingElement);
    },
    deepest: () => deepest,
  };
};
