/** How long to wait before another try. Both bundles that try again have a copy: handing it over would cost as much. */

import { FLUSH_DELAY_MS, MAX_BACKOFF_MS } from "./limits.js";

/** Twice as long after each failure, and never the same for all pages. @param {number} failures so far */
export const backoffMs = (failures) => Math.min(MAX_BACKOFF_MS, FLUSH_DELAY_MS * 2 ** failures) * (0.5 + Math.random());
