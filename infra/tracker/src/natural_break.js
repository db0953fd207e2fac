/** Natural breaks: the end of a section passes the middle of the window, the reader comes back to the tab, another page is shown. */

/** So long a command waits for a break; then it is carried out all the same. */
const MAX_WAIT_MS = 30_000;

/**
 * Resolves at the next break, or when it has waited long enough. What listens stays: a session gets a few dozen commands at most.
 *
 * @param {import("./adjust.js").Internals} internals
 * @returns {Promise<void>}
 */
export const naturalBreak = ({ guarded, listen, onShow }) =>
  new Promise((resolve) => {
    /** The sections that the middle of the window is in. */
    const within = new Set();
    const observer = new IntersectionObserver(
      guarded((entries) => {
        for (const { target, isIntersecting, boundingClientRect } of entries) {
          if (isIntersecting) within.add(target);
          else if (within.delete(target) && boundingClientRect.bottom < innerHeight / 2) go();
        }
      }),
      { rootMargin: "-50% 0px" },
    );
    const go = () => {
      observer.disconnect();
      resolve();
    };
    document.querySelectorAll("[data-adjust-section]").forEach((section) => observer.observe(section));
    onShow.push(go);
    listen(document, "visibilitychange", () => document.hidden || go());
    setTimeout(go, MAX_WAIT_MS);
  });
