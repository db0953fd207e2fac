/** Times, numbers and reasons as people read them. */

const two = (number) => String(number).padStart(2, "0");

/** Event time in UTC, as the command line says it. */
export function clock(atMs) {
  const at = new Date(atMs);
  if (!Number.isFinite(at.getTime())) return "?";
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** The same, with the day where that is not today. */
export function moment(atMs) {
  const time = clock(atMs);
  if (time === "?") return time;
  const day = (ms) => new Date(ms).toISOString().split("T")[0];
  return day(atMs) === day(Date.now()) ? time : `${day(atMs)} ${time}`;
}

export function number(value) {
  if (value === null || value === undefined) return "?";
  if (typeof value !== "number") return typeof value === "object" ? JSON.stringify(value) : String(value);
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(+value.toPrecision(3));
}

export function bytes(value) {
  if (typeof value !== "number") return "?";
  return value < 10_000 ? `${value} B` : value < 1e7 ? `${Math.round(value / 1e3)} kB` : `${Math.round(value / 1e6)} MB`;
}

export function span(seconds) {
  if (typeof seconds !== "number") return "?";
  const s = Math.floor(seconds);
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 3600)} h`;
}

export function because(name, evidence) {
  const seen = evidence ?? {};
  const notes = [];
  if (seen.baseline !== undefined) notes.push(`usually ${number(seen.baseline)}`);
  if (seen.z !== undefined) notes.push(`z ${number(seen.z)}`);
  if (!notes.length && seen.threshold !== undefined) notes.push(`line at ${number(seen.threshold)}`);
  return `${name} ${number(seen.value)}` + (notes.length ? ` (${notes.join(", ")})` : "");
}

export function reason(command) {
  return Object.entries(command.evidence ?? {})
    .filter(([name]) => !name.startsWith("forest.") && !name.startsWith("event."))
    .map(([name, seen]) => because(name, seen))
    .join("; ");
}

export const parameters = (command) =>
  Object.entries(command.parameters ?? {})
    .map(([name, value]) => `${name} = ${Array.isArray(value) ? value.slice(0, 5).map(number).join(", ") : number(value)}`)
    .join("; ");
