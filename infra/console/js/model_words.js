/** Words, colours and numbers of models. */

import { el } from "./dom.js";
import { formatDateTime } from "./format.js";

const four = (value) => (typeof value === "number" ? String(+value.toPrecision(4)) : "?");

/** A metric with its 95 % interval where there is one. */
export const metricText = ({ value, low, high }) =>
  four(value) + (low === undefined || high === undefined || low === null || high === null ? "" : ` (${four(low)} to ${four(high)})`);

const percent = (share) => Math.round(100 * share);

/** A share with its 95 % interval, in percent. */
export const shareText = ({ value, low, high }) => `${percent(value)} % (${percent(low)} to ${percent(high)})`;

const STATES = { in_force: "in force", waiting: "waiting for the job", refused: "refused", unknown: "no job has acknowledged" };

/** Where a model stands: in force, waiting, refused, shipped, or in the store alone. */
export function stateBadge({ origin, live }) {
  if (origin === "shipped") return el("span", { class: "badge" }, "ships with the job");
  if (!live) return el("span", { class: "badge" }, "not announced");
  return el("span", { class: `badge ${{ in_force: "commanded", refused: "refused", failing: "refused", waiting: "suppressed" }[live.state] ?? ""}` }, STATES[live.state] ?? live.state);
}

export const gateBadge = (passed) =>
  passed === null || passed === undefined
    ? el("span", { class: "badge" }, "not asked")
    : el("span", { class: `badge ${passed ? "commanded" : "refused"}` }, passed ? "let in" : "kept out");

export const trained = (card) => `trained on ${card.trained_on}` + (card.trained_until_ms ? `, until ${formatDateTime(card.trained_until_ms)} UTC` : "");
