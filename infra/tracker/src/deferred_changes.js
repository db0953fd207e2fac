/** Applies changes out of sight: what the reader is looking at stays as it is until it has left the window. */

/**
 * @typedef {object} Change
 * @property {Element} target what would move or look different
 * @property {Element} [replacement] what stands in the target's place afterwards
 * @property {() => () => void} apply makes the change, and returns how to undo it
 * @property {boolean} [isVisualOnly] it moves nothing, and may be seen
 */

/** @param {Element} node */
const inSight = (node) => {
  const { top, bottom } = node.getBoundingClientRect();
  return (bottom > 0 && top < innerHeight) || node.contains(document.activeElement);
};

/**
 * Makes each change at once where it is out of sight, allowed (`data-adjust-when="now"`) or moves nothing; the others
 * when they are out of sight. What stands in the middle of the window stays there, whatever changes above it.
 *
 * @param {Change[]} changes
 * @param {number} expiresAt nothing is changed from then on
 * @param {import("./adjust.js").Internals} internals
 * @param {(status: string) => void} report
 * @returns {() => void} undoes all of it, each part when it is out of sight
 */
export const applyOffscreen = (changes, expiresAt, internals, report) => {
  const { guarded, closest, scrollBox } = internals;
  /** How to undo each. @type {Change[]} */
  const done = [];
  let todo = new Set(changes);
  let backwards = false;

  const look = guarded(() => {
    if (!backwards && Date.now() >= expiresAt) todo.clear();
    for (const change of todo) {
      const { target, replacement = target, apply, isVisualOnly } = change;
      if (!isVisualOnly && !closest(target, "[data-adjust-when=now]") && inSight(target)) continue;
      todo.delete(change);
      if (!target.isConnected) continue;
      const anchor = document.elementFromPoint(innerWidth / 2, innerHeight / 2) ?? document.body;
      const box = scrollBox() ?? document.documentElement;
      const { top } = anchor.getBoundingClientRect();
      const { scrollTop, scrollLeft } = box;
      internals.quietly(() => {
        const undo = /** @type {any} */ (apply());
        if (!backwards) done.push({ target: replacement, isVisualOnly, apply: undo });
      });
      // In what changes itself nothing is a hold.
      if (!isVisualOnly && !target.contains(anchor)) box.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
      // What moved here is not the reader's scrolling.
      const [from, left] = internals.places.get(box) ?? [scrollTop, scrollLeft];
      internals.places.set(box, [from + box.scrollTop - scrollTop, left]);
      if (!backwards) report("applied");
    }
    if (!todo.size) {
      observer.disconnect();
      if (!done.length) report("ignored");
    }
  });
  const observer = new IntersectionObserver(look);
  const begin = () => {
    look();
    for (const { target } of todo) observer.observe(target);
  };

  begin();
  setTimeout(look, expiresAt - Date.now());
  return () => {
    backwards = true;
    todo = new Set(done);
    begin();
  };
};
