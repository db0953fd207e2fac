/** Explains a command: each feature of its evidence against baselines and bounds, and the window it was seen in. */

import { el, fetchJson, table } from "./dom.js";
import { numberLine, overTime } from "./evidence.js";
import { formatDateTime, formatEvidence, formatNumber, formatParameters } from "./format.js";

export async function explain(place, [id = ""], signal) {
  const field = el("input", { type: "search", id: "command", value: id, placeholder: "command id, or its first characters", spellcheck: "false", autocomplete: "off" });
  const go = (event) => {
    event.preventDefault();
    location.hash = `#/why/${encodeURIComponent(field.value.trim())}`;
  };
  place.append(el("h1", {}, "Why this adjustment?"),
    el("form", { class: "bar", onsubmit: go }, el("label", { for: "command" }, "Command"), field, el("button", { type: "submit" }, "Explain")));
  if (!id) {
    place.append(el("p", { class: "faint" }, "The live page links each command to its explanation."));
    return;
  }
  const { command, rule, events, outcomes } = await fetchJson(`command?${new URLSearchParams({ id })}`, signal);
  place.append(summary(command, rule));
  const pieces = Object.entries(command.evidence ?? {});
  const drawn = pieces.filter(([, seen]) => typeof seen?.value === "number");
  place.append(
    el("p", {}, el("span", { class: "key value" }), "value", el("span", { class: "key baseline" }), "usual, with its spread",
      el("span", { class: "key threshold" }), "bound", el("span", { class: "key window" }), "window"),
    el("div", { class: "columns" }, drawn.map(([name, seen]) => piece(name, seen, command, events, signal))));
  const rest = pieces.filter(([, seen]) => typeof seen?.value !== "number");
  if (rest.length) place.append(el("h2", {}, "And"), table(["What", "Value"], rest.map(([name, seen]) => [name, formatNumber(seen?.value)])));
  place.append(el("h2", {}, "What became of it"),
    table(["At", "Status", "Measure", "#Value"], outcomes.map((each) => [formatDateTime(each.occurred_at_ms), [each.status, each.reason].filter(Boolean).join(": "), each.metric ?? "", formatNumber(each.value)]),
      "no page has said anything yet"));
}

function summary(command, rule) {
  const source = command.source ?? {};
  const rows = [
    ["Command", command.command_id],
    ["What", command.action + (formatParameters(command) ? `: ${formatParameters(command)}` : "")],
    ["For", [command.target?.kind, command.target?.id].filter(Boolean).join(" ")],
    ["Session", command.session_id === undefined ? "—" : el("a", { to: ["session", command.session_id] }, command.session_id)],
    ...(command.session_id === undefined ? [] : [["Why nothing else", otherProposals(command)]]),
    ["Decided by", `${source.kind} ${source.id}, version ${source.version}`],
    ...(rule ? [["Which says", rule.about]] : []),
    ["At", `${formatDateTime(command.issued_at_ms)}, in force until ${formatDateTime(command.expires_at_ms)}`],
    ["Priority", formatNumber(command.priority)],
  ];
  if (command.experiment) rows.push(["Experiment", `${command.experiment.id}, arm ${command.experiment.arm}`]);
  if (command.reverts) rows.push(["Takes back", el("a", { to: ["why", command.reverts] }, command.reverts)]);
  return el("div", { class: "card" }, el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

const AROUND_MS = 60_000;

/** Of the minute before and after. */
const otherProposals = ({ session_id: id, issued_at_ms: at }) =>
  el("a", { to: ["session", id, String(at - AROUND_MS), String(at + AROUND_MS)] }, "what else was proposed around then");

function piece(name, seen, command, events, signal) {
  const over = seen.window_start_ms && seen.window_end_ms
    ? `seen from ${formatDateTime(seen.window_start_ms)} to ${formatDateTime(seen.window_end_ms)}` : `seen at ${formatDateTime(command.issued_at_ms)}`;
  const chart = el("div");
  const card = el("section", { class: "card", "aria-label": name },
    el("h3", {}, name), el("p", {}, formatEvidence(name, seen), el("br"), el("span", { class: "faint" }, over)), numberLine(name, seen), chart);
  // uPlot wants to know how wide its place is.
  requestAnimationFrame(() => { if (!signal.aborted) overTime(chart, name, seen, command, events, signal); });
  return card;
}
