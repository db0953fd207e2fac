/** How long the pointer rests on what the site has tagged. */

const TAGGED = "[data-adjust],[data-adjust-hover],[data-adjust-placement]";
const MIN_HOVER_MS = 100; // below, the pointer only passed by
const PIECE_MS = 5_000;
/** Told of one stay: a pointer that rests for longer may have been left alone. */
const MAX_PIECES = 12;

/** @param {import("./adjust.js").Internals} internals */
export const hovering = ({ event, guarded, listen, describeElement, closest, onHide, origin }) => {
  /** @type {Element | null} */
  let over = null;
  let since = 0;
  let pieces = 0;
  let timer = 0;
  const tell = guarded(() => {
    const now = performance.now();
    const lasted = Math.round(now - since);
    since = now;
    clearTimeout(timer);
    if (over && pieces++ < MAX_PIECES && lasted >= MIN_HOVER_MS) event("hover", { ...describeElement(over), value: Math.min(lasted, PIECE_MS * 2) });
    if (pieces < MAX_PIECES) timer = setTimeout(tell, PIECE_MS);
  });
  const go = (/** @type {Element | null} */ to) => {
    if (to === over) return;
    tell();
    over = to;
    pieces = 0;
    clearTimeout(timer);
    if (to) timer = setTimeout(tell, PIECE_MS);
  };
  listen(document, "pointerover", (pointer) => go(pointer.pointerType === "touch" ? null : closest(origin(pointer), TAGGED)));
  listen(document.documentElement, "pointerleave", ({ target }) => target === document.documentElement && go(null));
  onHide.push(() => go(null));
};
