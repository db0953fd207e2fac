/** Engaged time: a visible page in a focused window is being read, with a still pointer too, until it is idle too long. */

import { listen } from "./guard.js";

const BEAT_MS = 5_000;

/**
 * @param {number} idleMs so long after the last sign of life a page still counts as being read
 * @param {(ms: number) => void} beat
 * @returns {() => void} tells what has not been told yet
 */
export const trackEngagement = (idleMs, beat) => {
  let engagedMs = 0;
  let since = performance.now();
  let lastSign = since;
  let attended = false;

  const settle = () => {
    const now = performance.now();
    if (attended) engagedMs += Math.max(0, Math.min(now, lastSign + idleMs) - since);
    since = now;
    attended = !document.hidden && document.hasFocus();
  };
  const sign = () => {
    settle();
    lastSign = performance.now();
  };
  const tell = () => {
    settle();
    const whole = Math.floor(engagedMs);
    engagedMs -= whole;
    if (whole) beat(whole);
  };

  sign();
  // No listener for keys: a reader who writes is engaged, but what is written is not ours to see.
  listen(window, "pointermove pointerdown scroll focus", sign);
  listen(window, "blur pagehide", settle);
  listen(document, "visibilitychange", sign);
  setInterval(tell, BEAT_MS);
  return tell;
};
