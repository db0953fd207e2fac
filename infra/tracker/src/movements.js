/** The finer signals: hovering, the pointer's path, sections, typing, clicks without effect, and exact positions. */

import { deadClicks } from "./dead_clicks.js";
import { hovering } from "./hovering.js";
import { pointer } from "./pointer.js";
import { positions } from "./positions.js";
import { sections } from "./sections.js";
import { typing } from "./typing.js";

/** @param {import("./adjust.js").Internals} internals */
export const start = (internals) => {
  for (const part of [positions, hovering, pointer, sections, deadClicks, typing]) internals.guarded(part)(internals);
};
