/** The finer signals: hovering, the pointer's path, sections, clicks without effect, and the reader's place. */

import { deadClicks } from "./dead_clicks.js";
import { hovering } from "./hovering.js";
import { geolocation } from "./geolocation.js";
import { pointer } from "./pointer.js";
import { sections } from "./sections.js";

/** @param {import("./adjust.js").Internals} internals */
export const start = (internals) => {
  for (const part of [hovering, pointer, sections, deadClicks, geolocation]) internals.guarded(part)(internals);
};
