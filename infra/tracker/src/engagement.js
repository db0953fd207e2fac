/** Engaged time: a visible page in a focused window is being read, with a still pointer too, until it is idle too long. */

import { listen } from "./guard.js";
import { now } from "./limits.js";

const BEAT_MS = 5_000;

/**
 * @param {number} idleMs so long after the last sign of life a page still counts as being read
 * @param {(ms: number, isActive: boolean) => void} beat `isActive` after signs that no event of their own tells
 */
export const trackEngagement = (idleMs, beat) => {
  let engagedMs = 0;
  let since = now();
  let lastSign = since;
  let attended = false;
  let isActive = false;

  const settle = () => {
    const at = now();
    if (attended) engagedMs += Math.max(0, Math.min(at, lastSign + idleMs) - since);
    since = at;
    attended = !document.hidden && document.hasFocus();
  };
  const sign = () => {
    settle();
    lastSign = now();
  };
  const quietSign = () => {
    sign();
    isActive = true;
  };
  const tell = () => {
    settle();
    const whole = Math.floor(engagedMs);
    engagedMs -= whole;
    if (whole) beat(whole, isActive);
    isActive = false;
  };

  sign();
  // No listener for keys: a reader who writes is engaged, but what is written is not ours to see.
  listen(window, "pointermove pointerdown focus", sign);
  // The caret moves while one writes, and the time of a film or a podcast while it plays.
  listen(document, "selectionchange timeupdate", quietSign);
  listen(window, "blur pagehide", settle);
  listen(document, "visibilitychange", sign);
  setInterval(tell, BEAT_MS);
  return { tell, sign, quietSign };
};
