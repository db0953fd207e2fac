/** Changes that nobody sees happen: what the reader is looking at stays as it is until it is out of sight. */

/**
 * @typedef {object} Change
 * @property {Element} where what would move or look different
 * @property {() => () => void} make makes the change, and answers how to undo it
 * @property {boolean} [still] it moves nothing, and may be seen
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
 * @param {import("./adjust.js").Adjust["guarded"]} guarded
 * @param {(status: string) => void} say
 * @returns {() => void} undoes all of it, each part when it is out of sight
 */
export const whenUnseen = (changes, expiresAt, guarded, say) => {
  /** How to undo each. @type {Change[]} */
  const done = [];
  let todo = new Set(changes);
  let backwards = false;

  const look = guarded(() => {
    if (!backwards && Date.now() >= expiresAt) todo.clear();
    for (const change of todo) {
      const { where, make, still } = change;
      if (!still && !where.closest("[data-adjust-when=now]") && inSight(where)) continue;
      todo.delete(change);
      if (!where.isConnected) continue;
      const anchor = document.elementFromPoint(innerWidth / 2, innerHeight / 2) ?? document.body;
      const { top } = anchor.getBoundingClientRect();
      const undo = /** @type {any} */ (make());
      if (!backwards) {
        done.push({ where, still, make: undo });
        say("applied");
      }
      // In what changes itself nothing is a hold.
      if (!still && !where.contains(anchor)) scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    }
    if (!todo.size) {
      observer.disconnect();
      if (!done.length) say("ignored");
    }
  });
  const observer = new IntersectionObserver(look);
  const begin = () => {
    look();
    for (const { where } of todo) observer.observe(where);
  };

  begin();
  setTimeout(look, expiresAt - Date.now());
  return () => {
    backwards = true;
    todo = new Set(done);
    begin();
  };
};
