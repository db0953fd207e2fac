/** How long to wait before another try. Both bundles that try again have a copy: handing it over would cost as much. */

import { LONGEST_WAIT_MS, SOON_MS } from "./limits.js";

/** Twice as long after each failure, and never the same for all pages. @param {number} failures so far */
export const backoffMs = (failures) => Math.min(LONGEST_WAIT_MS, SOON_MS * 2 ** failures) * (0.5 + Math.random());
