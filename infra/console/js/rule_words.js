/** Words and colours for the mode, the state and the changes of a rule. */

import { el } from "./dom.js";
import { formatDateTime } from "./format.js";

export const modeOf = (rule) => (!rule ? "unknown" : rule.enabled === false ? "off" : rule.mode ?? "active");

const STATES = { in_force: "in force", waiting: "waiting for the job", failing: "cannot always be evaluated", refused: "refused", unknown: "no job has acknowledged" };

/** Mode and state of an entry, in words and colour. */
export const badges = ({ rule, state }) => [
  rule && el("span", { class: `badge ${{ active: "commanded", shadow: "shadow", off: "" }[modeOf(rule)] ?? ""}` }, modeOf(rule)), " ",
  el("span", { class: `badge ${{ in_force: "commanded", failing: "refused", refused: "refused", waiting: "suppressed" }[state] ?? ""}` }, STATES[state] ?? state),
];

export const lastChange = (change) => change && `${change.change} by ${change.by ?? "?"} from ${change.via ?? "?"}, ${formatDateTime(change.at_ms)}`;
