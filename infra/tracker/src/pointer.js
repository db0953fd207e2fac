/** How the pointer moves, summarised: path, changes of direction and hesitation. */

const SAMPLE_MS = 100; // at most ten samples a second
const TELL_MS = 2_000;
const TURN_COSINE = 0.7; // 45 degrees
const TREMOR_PX = 8;
const PAUSE_MS = [300, 2_000]; // shorter is moving, longer is reading

/** @param {import("./adjust.js").Internals} internals */
export const pointer = (internals) => {
  const { event, guarded, listen, onHide, origin } = internals;
  const fresh = () => ({ path: 0, samples: 0, turns: 0, tremors: 0, pauses: 0, pauseMs: 0, fromX: lastX, fromY: lastY });
  let lastX = 0;
  let lastY = 0;
  let lastAt = 0;
  let stepX = 0;
  let stepY = 0;
  let timer = 0;
  let seen = fresh();
  /** @type {any} */
  let last;
  /** @type {any} */
  let target;

  const tell = guarded(() => {
    clearTimeout(timer);
    timer = 0;
    const { path, samples, turns, tremors, pauses, pauseMs, fromX, fromY } = seen;
    if (path) {
      // Of the page's content: a path leads over more than where it ends.
      event("move", {
        ...internals.pagePosition(last, target),
        value: Math.round(path),
        properties: {
          samples,
          turns,
          tremors,
          pauses,
          pause_ms: pauseMs,
          // Far less than the path: the pointer searched.
          net_px: Math.round(Math.hypot(lastX - fromX, lastY - fromY)),
        },
      });
    }
    seen = fresh();
  });

  listen(document, "pointermove", (move) => {
    const { clientX, clientY, timeStamp, pointerType } = move;
    const sinceMs = timeStamp - lastAt;
    if (pointerType === "touch" || sinceMs < SAMPLE_MS) return;
    const x = clientX - lastX;
    const y = clientY - lastY;
    const length = Math.hypot(x, y);
    // After the first sample only: before it, nobody knows where the pointer was.
    if (last && length) {
      const before = Math.hypot(stepX, stepY);
      seen.path += length;
      if (before && (x * stepX + y * stepY) / (before * length) < TURN_COSINE) seen.turns++;
      if (length < TREMOR_PX) seen.tremors++;
      if (sinceMs > PAUSE_MS[0] && sinceMs < PAUSE_MS[1]) {
        seen.pauses++;
        seen.pauseMs += Math.round(sinceMs);
      }
      [stepX, stepY] = [x, y];
    }
    if (!last) [seen.fromX, seen.fromY] = [clientX, clientY];
    seen.samples++;
    [lastX, lastY, lastAt] = [clientX, clientY, timeStamp];
    last = move;
    target = origin(move);
    timer ||= setTimeout(tell, TELL_MS);
  });
  onHide.push(tell);
};
