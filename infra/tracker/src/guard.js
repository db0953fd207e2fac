/** What goes wrong here stays here: the page never sees an error of ours. */

/**
 * @template {any[]} A
 * @template R
 * @param {(...args: A) => R} work
 * @returns {(...args: A) => R | undefined}
 */
export const guarded =
  (work) =>
  (...args) => {
    try {
      return work(...args);
    } catch {
      return undefined;
    }
  };

/**
 * Listens in the capture phase, so that a page which stops an event does not hide it, and passively: nothing here
 * ever prevents anything.
 *
 * @param {EventTarget | null | undefined} target
 * @param {string} types separated by spaces
 * @param {(event: any) => void} work
 */
export const listen = (target, types, work) => {
  for (const type of types.split(" ")) {
    guarded(() => target?.addEventListener(type, guarded(work), { capture: true, passive: true }))();
  }
};
