/** Where on the page something is, in boxes that scroll, in what is fixed to the window and on pages that begin at the right. */

/** @param {import("./adjust.js").Internals} internals */
export const positions = (internals) => {
  const { clamp01, isPage, rootBox } = internals;

  /**
   * The box that the node scrolls with: the document, or where the document does not scroll, a box that fills half the
   * window or more. Undefined where it does not scroll, being fixed to the window.
   *
   * @param {Element | null} node what is in the middle of the window, unless another is named
   */
  internals.scrollBox = (node = document.elementFromPoint(innerWidth / 2, innerHeight / 2)) => {
    const root = rootBox();
    let found = root;
    for (; node && node !== root; node = node.assignedSlot ?? node.parentElement ?? /** @type {any} */ (node.getRootNode()).host) {
      const { position, overflowY } = getComputedStyle(node);
      if (position === "fixed") return undefined;
      if (found === root && /auto|scroll/.test(overflowY) && isPage(node) && root.scrollHeight <= innerHeight + 1) found = node;
    }
    return found;
  };

  // What is fixed stands where the page shows it before it is scrolled.
  internals.pagePosition = ({ clientX, clientY }, node) => {
    const root = rootBox();
    const scrolls = internals.scrollBox(node);
    const box = scrolls ?? root;
    const { scrollWidth, scrollHeight, scrollLeft, scrollTop, clientWidth } = box;
    const { left, top } = box === root ? { left: 0, top: 0 } : box.getBoundingClientRect();
    // From right to left, a box scrolls from 0 to negative numbers.
    const hidden = getComputedStyle(box).direction === "rtl" ? scrollWidth - clientWidth : 0;
    return {
      x: clamp01((clientX - left + (scrolls ? scrollLeft + hidden : 0)) / scrollWidth),
      y: clamp01((clientY - top + (scrolls ? scrollTop : 0)) / scrollHeight),
    };
  };
};
