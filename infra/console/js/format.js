/** Formats times, numbers, evidence and commands. */

const two = (number) => String(number).padStart(2, "0");

/** Event time in UTC, as the command line says it. */
export function formatTime(atMs) {
  const at = new Date(atMs);
  if (!Number.isFinite(at.getTime())) return "?";
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** The same, with the day where that is not today. */
export function formatDateTime(atMs) {
  const time = formatTime(atMs);
  if (time === "?") return time;
  const day = (ms) => new Date(ms).toISOString().split("T")[0];
  return day(atMs) === day(Date.now()) ? time : `${day(atMs)} ${time}`;
}

export function formatNumber(value) {
  if (value === null || value === undefined) return "?";
  if (typeof value !== "number") return typeof value === "object" ? JSON.stringify(value) : String(value);
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(+value.toPrecision(3));
}

export function formatBytes(value) {
  if (typeof value !== "number") return "?";
  return value < 10_000 ? `${value} B` : value < 1e7 ? `${Math.round(value / 1e3)} kB` : `${Math.round(value / 1e6)} MB`;
}

export function formatDuration(seconds) {
  if (typeof seconds !== "number") return "?";
  const s = Math.floor(seconds);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}

/** Units that say nothing beside a number: counts, scores, and ranges such as 0..1. */
export const isBare = (unit) => typeof unit !== "string" || unit === "count" || unit === "score" || /^\d/.test(unit);

export const formatQuantity = (value, unit) => (isBare(unit) ? formatNumber(value) : `${formatNumber(value)} ${unit}`);

/** The bounds that held; none in commands of before they were listed. */
export const boundsOf = (seen) => (Array.isArray(seen?.bounds) ? seen.bounds.filter((bound) => typeof bound?.bound === "string") : []);

const expectation = ({ baseline, z }) => [
  baseline === undefined ? "" : `usually ${formatNumber(baseline)}`,
  z === undefined ? "" : `z ${formatNumber(z)}`,
].filter(Boolean);

export function formatBound(bound) {
  const against = bound.against === undefined ? "" : ` against ${bound.against}`;
  return [`${bound.bound.replaceAll("_", " ")} ${formatQuantity(bound.threshold, bound.unit)}${against}`, ...expectation(bound)].join(", ");
}

/** One feature of the evidence, with every bound that held. */
export function formatEvidence(name, evidence) {
  const seen = evidence ?? {};
  const notes = boundsOf(seen).map(formatBound).join("; ") || expectation(seen).join(", ");
  return `${name} ${formatNumber(seen.value)}` + (notes ? ` (${notes})` : "");
}

export function formatReason(command) {
  return Object.entries(command.evidence ?? {})
    .filter(([name]) => !name.startsWith("forest.") && !name.startsWith("event."))
    .map(([name, seen]) => formatEvidence(name, seen))
    .join("; ");
}

export const formatParameters = (command) =>
  Object.entries(command.parameters ?? {})
    .map(([name, value]) => `${name} = ${Array.isArray(value) ? value.slice(0, 5).map(formatNumber).join(", ") : formatNumber(value)}`)
    .join("; ");
