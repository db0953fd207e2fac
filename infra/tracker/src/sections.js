/** How far and how long each section (`data-adjust-section`) was in view. */

/** @param {import("./adjust.js").Internals} internals */
export const sections = ({ event, guarded, listen, onHide, onShow }) => {
  /** @type {Map<Element, { since: number, depth: number }>} */
  const inView = new Map();

  const reach = () => {
    for (const [section, seen] of inView) {
      const { top, height } = section.getBoundingClientRect();
      // What is hidden has no height, and nobody has read to its end.
      if (height) seen.depth = Math.min(1, Math.max(seen.depth, (innerHeight - top) / height));
    }
  };
  const leave = (/** @type {Element} */ section) => {
    const seen = inView.get(section);
    if (!seen) return;
    reach();
    inView.delete(section);
    event("custom", {
      element: section.getAttribute("data-adjust-section"),
      value: seen.depth,
      properties: { name: "section", ms: Math.round(performance.now() - seen.since) },
    });
  };
  const observer = new IntersectionObserver(
    guarded((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) leave(target);
        else if (!inView.has(target)) inView.set(target, { since: performance.now(), depth: 0 });
      }
      reach();
    }),
  );
  const begin = () => {
    observer.disconnect();
    document.querySelectorAll("[data-adjust-section]").forEach((section) => observer.observe(section));
  };

  listen(document, "scroll", reach);
  // What was in view when the page was hidden is in view again.
  listen(document, "visibilitychange", () => document.hidden || begin());
  onShow.push(begin);
  onHide.push(() => [...inView.keys()].forEach(leave));
  begin();
};
