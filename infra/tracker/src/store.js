/** The page's localStorage, as far as the reader and the browser allow it. */

import { guarded } from "./guard.js";

const PREFIX = "microadjust.";

/** Null where there is nothing, or nothing may be read. */
export const read = guarded((/** @type {string} */ name) => localStorage.getItem(PREFIX + name));

/** Null removes. A full or forbidden storage is no error: what was to be kept is kept in memory alone. */
export const write = guarded((/** @type {string} */ name, /** @type {string | null} */ value) => {
  if (value === null) localStorage.removeItem(PREFIX + name);
  else localStorage.setItem(PREFIX + name, value);
});
