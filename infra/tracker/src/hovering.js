/** How long the pointer rests on what the site has tagged. */

const TAGGED = "[data-adjust],[data-adjust-hover],[data-adjust-placement]";
const MIN_HOVER_MS = 100; // below, the pointer only passed by

/** @param {import("./adjust.js").Internals} internals */
export const hovering = ({ event, listen, describeElement, closest, onHide }) => {
  /** @type {Element | null} */
  let over = null;
  let since = 0;
  const go = (/** @type {Element | null} */ to) => {
    if (to === over) return;
    const lasted = Math.round(performance.now() - since);
    if (over && lasted >= MIN_HOVER_MS) event("hover", { ...describeElement(over), value: Math.min(lasted, 86_400_000) });
    over = to;
    since = performance.now();
  };
  listen(document, "pointerover", (pointer) => go(pointer.pointerType === "touch" ? null : closest(pointer.target, TAGGED)));
  listen(document.documentElement, "pointerleave", ({ target }) => target === document.documentElement && go(null));
  onHide.push(() => go(null));
};
