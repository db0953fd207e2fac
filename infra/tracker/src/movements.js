/** The finer signals: hovering, the pointer's path, sections, clicks without effect, and the reader's place. */

import { deadClicks } from "./dead_clicks.js";
import { hovering } from "./hovering.js";
import { locating } from "./locating.js";
import { pointer } from "./pointer.js";
import { sections } from "./sections.js";

/** @param {import("./adjust.js").Adjust} adjust */
export const start = (adjust) => {
  for (const part of [hovering, pointer, sections, deadClicks, locating]) adjust.guarded(part)(adjust);
};
