/** How far each feature and score was from its reference range, look after look. */

import { el, svg, table } from "./dom.js";
import { formatDateTime, formatNumber } from "./format.js";
import { scale, timeLabels } from "./plot.js";

const WIDE = 320;
const HIGH = 120;
const LEFT = 8;
const TOP = 12;
const BASE = 96;
const SHOWN_AT_ONCE = 12;

/**
 * @param {object} drift as GET drift answers
 * @param {string[]} [only] names of the features that are shown; all by default
 */
export function driftSection(drift, only) {
  const wanted = only && new Set(only);
  const subjects = drift.subjects.filter(({ subject }) => !wanted || wanted.has(subject));
  const unknown = drift.unknown.filter(({ subject }) => !wanted || wanted.has(subject));
  const drifting = subjects.filter(({ readings }) => readings.at(-1).has_drifted).length;
  return el("section", { class: "card", "aria-label": "Drift" }, el("h2", {}, "Drift"),
    ...unknown.map(line),
    subjects.length
      ? [el("p", {}, `${drifting} of ${subjects.length} numbers drift at the last of ${drift.looks} looks. `,
        el("span", { class: "faint" }, "PSI against the reference range (line), beside its threshold for so many sessions (dashed); a dot marks a look at which both tests found drift."),
        drift.left_out ? ` ${drift.left_out} calmer ones are left out.` : ""),
      figures(subjects)]
      : nothing(drift, wanted));
}

/** A feature that is not known any more has too few values for a plot. */
function line({ subject, share, reference_share: before, rows }) {
  const percent = (of) => `${(100 * of).toFixed(1)} %`;
  return el("p", { class: "problem" }, `${subject} is unknown in ${percent(share)} of ${rows} sessions, in the reference range in ${percent(before)}. Is it, or what it is made of, still sent?`);
}

function nothing(drift, wanted) {
  if (wanted && drift.looks) return el("p", { class: "faint" }, "No look at drift had enough sessions that know what this model reads.");
  return el("p", { class: "faint" }, "Nobody has looked for drift yet. Start ", el("code", {}, "microadjust learn"),
    ", and the adjust job with ", el("code", {}, "--feature-log on"), ": it looks after each 200 sessions, once it has seen 1,000 to compare with.");
}

/** The most drifted first; a button shows the others. */
function figures(subjects) {
  const rest = [...subjects];
  const place = el("div", { class: "figures" });
  const more = el("button", { type: "button", onclick: () => next() });
  const next = () => {
    place.append(...rest.splice(0, SHOWN_AT_ONCE).map(figure));
    more.hidden = !rest.length;
    more.textContent = `Show ${Math.min(rest.length, SHOWN_AT_ONCE)} more of ${rest.length}`;
  };
  next();
  return [place, more];
}

function figure({ kind, subject, readings }) {
  const last = readings.at(-1);
  const name = kind === "feature" ? subject : `${kind} ${subject}`;
  return el("figure", { class: "drift" },
    el("figcaption", {}, el("strong", {}, name), " ", last.has_drifted ? el("span", { class: "badge refused" }, "drifts") : el("span", { class: "badge commanded" }, "calm"),
      el("span", { class: "faint" }, ` PSI ${formatNumber(last.psi)}, threshold ${formatNumber(last.threshold)}`)),
    chart(name, readings));
}

function chart(name, readings) {
  const times = readings.map((each) => each.at_ms);
  const most = Math.max(...readings.flatMap((each) => [each.psi, each.threshold]), 0.01);
  const x = scale(times[0], times.at(-1), LEFT, WIDE - LEFT);
  const y = scale(0, most, BASE, TOP);
  const path = (value) => readings.map((each, i) => `${i ? "L" : "M"}${x(each.at_ms).toFixed(1)} ${y(value(each)).toFixed(1)}`).join("");
  const found = readings.filter((each) => each.has_drifted);
  const words = `${name}: PSI ${formatNumber(readings.at(-1).psi)} at the last of ${readings.length} looks, ${found.length} of them found drift`;
  return svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": words },
    svg("line", { class: "axis", x1: LEFT, x2: WIDE - LEFT, y1: BASE, y2: BASE }),
    readings.length > 1
      ? [svg("path", { class: "threshold line", d: path((each) => each.threshold) }), svg("path", { class: "value line", d: path((each) => each.psi) })]
      : svg("line", { class: "threshold", x1: LEFT, x2: WIDE - LEFT, y1: y(readings[0].threshold), y2: y(readings[0].threshold) }),
    readings.map((each) => svg("circle", { class: each.has_drifted ? "drifted" : "value", cx: x(each.at_ms), cy: y(each.psi), r: each.has_drifted ? 4.5 : 2 },
      svg("title", {}, `${formatDateTime(each.at_ms)}: PSI ${formatNumber(each.psi)}, threshold ${formatNumber(each.threshold)}, ${each.rows} sessions`))),
    timeLabels(times, LEFT, WIDE - LEFT, BASE + 17));
}

/** The newest alerts; those about `subjects` alone, where these are given. */
export function alertSection(alerts, kinds, subjects) {
  const shown = alerts.filter((each) => kinds.includes(each.kind) && (!subjects || subjects.includes(each.subject)));
  return el("section", { class: "card", "aria-label": "Alerts" }, el("h2", {}, "Alerts"),
    table(["At", "Alert", "What"], shown.map((each) => [
      formatDateTime(each.at_ms),
      el("span", { class: `badge ${{ critical: "refused", warning: "suppressed" }[each.severity] ?? ""}` }, each.kind.replaceAll("_", " ")),
      each.text,
    ]), "no alert among those that are kept (30 days)"));
}
