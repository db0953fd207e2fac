/** How far, how fast and how often back. */

import { guarded, listen } from "./guard.js";
import { clamp01, isPage, rootBox } from "./dom.js";

const EACH_MS = 1_000;
const REST_MS = 200;

/**
 * @param {import("./adjust.js").Internals} internals
 * @param {{ sign: () => void, quietSign: () => void }} engagement
 */
export const scrolling = (internals, { sign, quietSign }) => {
  let from = 0;
  let to = 0;
  let path = 0;
  let pages = 0;
  let back = 0;
  let depth = 0;
  let deepest = 0;
  let timer = 0;
  const { places } = internals;
  /** The lowest point in view, in px: a page may grow while it is read. */
  let lowest = 0;

  const tell = guarded(() => {
    clearTimeout(timer);
    if (!path) return;
    internals.event("scroll", {
      value: depth,
      properties: {
        path_px: Math.round(path),
        path_pages: pages.toFixed(4),
        back_px: Math.round(back),
        // A single jump has no duration, and so no speed.
        speed_px_s: to - from > 50 ? Math.round((path * 1000) / (to - from)) : null,
      },
    });
    path = pages = back = 0;
  });

  const remember = (/** @type {Element} */ box) => places.set(box, [box.scrollTop, box.scrollLeft]);

  /** The part of the box that has been seen, by its height now. @param {Element} box */
  const look = (box) => {
    const bottom = box.scrollTop + box.clientHeight;
    lowest = Math.max(lowest, bottom);
    depth = clamp01(bottom / box.scrollHeight);
    deepest = clamp01(lowest / box.scrollHeight);
  };

  const inMiddle = () => internals.scrollBox() ?? rootBox();

  listen(document, "scroll", ({ target, timeStamp }) => {
    const box = target === document ? rootBox() : target;
    const [top, left] = places.get(box) ?? [0, 0];
    const moved = box.scrollTop - top;
    // What a command has moved stands where it was left.
    if (!moved && box.scrollLeft === left) return;
    remember(box);
    sign();
    // A small box that scrolls inside the page tells nothing about the page.
    if (!isPage(box)) return;
    if (!moved) return quietSign();
    look(box);
    if (!path) from = timeStamp;
    to = timeStamp;
    path += Math.abs(moved);
    pages += Math.abs(moved) / box.scrollHeight;
    back += Math.max(0, -moved);
    clearTimeout(timer);
    if (timeStamp - from >= EACH_MS) tell();
    else timer = setTimeout(tell, REST_MS);
  });

  return {
    tell,
    begin: () => {
      deepest = lowest = 0;
      remember(inMiddle());
    },
    /** Looks at what is in view. */
    look: guarded(() => look(inMiddle())),
    /** Share of the page that has been in view. */
    deepest: () => deepest || null,
  };
};
