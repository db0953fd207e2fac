/** Why, and why not: what was proposed for a session in a span of time, and what stood in the way of each proposal. */

import { el, fetchJson, problem, segment, svg } from "./dom.js";
import { formatDateTime, formatParameters, formatReason, formatTime } from "./format.js";

const WIDE = 1_000;
const LEFT = 110;
const LANE = 26;
const SHOWN_AT_ONCE = 200;
const OUTCOMES = ["commanded", "suppressed", "shadow"];
const COMMAND_ID = /^[0-9a-f]{32}$/;
const isRuleId = (id) => typeof id === "string" && /^[a-z0-9][a-z0-9-]{0,63}$/.test(id);
/** Reasons whose `by`, unless it is a command, names a budget, what the reader was doing, or what an item lacks. */
const WITHOUT_LINK = new Set(["budget", "quiet", "unknown_content"]);

const forInput = (ms) => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 19) : "");
const fromInput = (field) => (field.value ? Date.parse(`${field.value}Z`) : undefined);
/**
 * @param {string} id of the session
 * @param {{from?: number, to?: number}} span in milliseconds, both ends included; a missing end is open
 */
export function proposals(place, id, span, signal) {
  const field = (label, ms) => {
    const input = el("input", { type: "datetime-local", step: 1, value: forInput(ms) });
    return [input, el("label", {}, label, input)];
  };
  const [from, fromLabel] = field("From (UTC)", span.from);
  const [to, toLabel] = field("to (UTC)", span.to);
  const hidden = new Set();
  const said = el("p", { class: "faint", role: "status" });
  const output = el("div");
  let found;
  const toggles = OUTCOMES.map((outcome) => el("button", { type: "button", "aria-pressed": "true", onclick: (event) => {
    if (!hidden.delete(outcome)) hidden.add(outcome);
    event.currentTarget.setAttribute("aria-pressed", String(!hidden.has(outcome)));
    draw();
  } }, outcome));
  const draw = () => {
    if (!found) return;
    const shown = found.proposals.filter((each) => !hidden.has(each.outcome));
    said.textContent = summary(found, shown);
    output.replaceChildren(...(shown.length ? [chart(shown), list(shown, found)] : []));
  };
  const load = async () => {
    found = undefined;
    said.textContent = "Loading proposals …";
    output.replaceChildren();
    const query = new URLSearchParams();
    const [since, until] = [fromInput(from), fromInput(to)];
    if (since !== undefined) query.set("from", since);
    // The field knows seconds: the last one counts whole.
    if (until !== undefined) query.set("to", until + 999);
    history.replaceState(null, "", `#/session/${[segment(id), since ?? "", until ?? ""].join("/").replace(/\/+$/, "")}`);
    try {
      found = await fetchJson(`sessions/${segment(id)}/proposals?${query}`, signal);
      draw();
    } catch (error) {
      if (signal.aborted) return;
      said.textContent = "";
      output.replaceChildren(problem(error), el("button", { type: "button", onclick: load }, "Try again"));
    }
  };
  const submit = (event) => {
    event.preventDefault();
    load();
  };
  place.append(
    el("h2", {}, "Why, and why not"),
    el("form", { class: "bar", onsubmit: submit }, fromLabel, toLabel, el("button", { type: "submit" }, "Show"),
      el("span", { class: "group", role: "group", "aria-label": "Outcomes shown" }, toggles)),
    said, output);
  return load();
}

function summary({ proposals: all, left_out: leftOut }, shown) {
  if (!all.length) {
    return "No proposals of this session are kept for this time. A rule whose conditions do not hold proposes nothing; proposals are kept for three days, and can be switched off.";
  }
  const counts = OUTCOMES.map((outcome) => `${all.filter((each) => each.outcome === outcome).length} ${outcome}`).join(", ");
  return `${all.length} proposals: ${counts}`
    + (leftOut ? `; ${leftOut} earlier ones are left out, choose a shorter time` : "")
    + (shown.length ? "" : "; none of the outcomes shown");
}

function chart(shown) {
  const times = shown.map((each) => each.at_ms);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const at = (ms) => LEFT + 20 + ((WIDE - LEFT - 60) * (first === last ? 0.5 : (ms - first) / (last - first)));
  const high = OUTCOMES.length * LANE + 40;
  const marks = first === last ? [first] : [0, 0.25, 0.5, 0.75, 1].map((share) => first + share * (last - first));
  return el("div", { class: "card scroll", tabindex: 0, role: "region", "aria-label": "Proposals over time" },
    svg("svg", { viewBox: `0 0 ${WIDE} ${high}`, class: "lanes", role: "img", "aria-label": "When what was proposed; the list below says the same in words" },
      marks.map((ms) => [
        svg("line", { class: "axis", x1: at(ms), x2: at(ms), y1: 6, y2: high - 28 }),
        svg("text", { x: at(ms), y: high - 8, "text-anchor": "middle", class: "faint" }, formatTime(ms)),
      ]),
      OUTCOMES.map((outcome, lane) => svg("text", { x: LEFT - 10, y: 24 + lane * LANE, "text-anchor": "end", class: "faint" }, outcome)),
      shown.map((each) => svg("rect", { class: `proposal ${OUTCOMES.includes(each.outcome) ? each.outcome : "shadow"}`,
        x: at(each.at_ms) - 4, y: 11 + Math.max(0, OUTCOMES.indexOf(each.outcome)) * LANE, width: 8, height: LANE - 9, rx: 2 },
      svg("title", {}, `${formatTime(each.at_ms)} ${each.action} by ${each.source?.id}: ${each.outcome}${each.reason ? `, ${each.reason}` : ""}`)))));
}

/** The newest first; a button shows the next ones, so that a long life does not hold the page up. */
function list(shown, { proposals: all, reasons }) {
  const items = new Map();
  const line = (proposal) => {
    const item = el("li", { tabindex: -1 }, told(proposal, reasons, (by) => way(by, proposal, all, (id) => items.get(id))));
    items.set(proposal.proposal_id, item);
    return item;
  };
  const rest = [...shown].reverse();
  const lines = el("ul", { class: "list proposals", "aria-label": "Proposals, newest first" });
  const more = el("button", { type: "button", onclick: () => next() });
  const next = () => {
    lines.append(...rest.splice(0, SHOWN_AT_ONCE).map(line));
    more.hidden = !rest.length;
    more.textContent = `Show ${Math.min(rest.length, SHOWN_AT_ONCE)} more of ${rest.length}`;
  };
  next();
  return el("div", { class: "card" }, lines, more);
}

function told(proposal, reasons, wayTo) {
  const { source = {} } = proposal;
  const reason = Object.hasOwn(reasons, proposal.reason ?? "") ? `${proposal.reason}: ${reasons[proposal.reason]}` : proposal.reason;
  const because = formatReason(proposal);
  return [
    el("div", {}, el("span", { class: "time" }, formatDateTime(proposal.at_ms)), el("span", { class: `badge ${OUTCOMES.includes(proposal.outcome) ? proposal.outcome : ""}` }, proposal.outcome ?? "?"), " ",
      el("span", { class: "action" }, proposal.action), formatParameters(proposal)),
    (reason || proposal.by) && el("div", { class: "reason" }, reason ?? "", proposal.by ? [". In the way: ", wayTo(String(proposal.by))] : ""),
    el("div", { class: "faint" }, "proposed by ", isRuleId(source.id) && source.kind !== "model" ? el("a", { to: ["rules", source.id] }, source.id) : `${source.kind} ${source.id}`,
      ` version ${source.version}`, because && ` because ${because}`, " ", proposal.command_id && el("a", { to: ["why", String(proposal.command_id)] }, "why this command")),
  ];
}

const inWords = (proposal) => `${proposal.action} by ${proposal.source?.id}, ${formatTime(proposal.at_ms)}`;

/** A link to what stood in the way: another proposal of this list, a command, or a rule. */
function way(by, proposal, all, itemOf) {
  const other = all.find((each) => each.proposal_id === by);
  if (other) {
    return el("button", { type: "button", class: "link", onclick: () => {
      const item = itemOf(by);
      item?.scrollIntoView({ block: "center" });
      item?.focus();
    } }, inWords(other));
  }
  const commanding = all.find((each) => each.command_id === by);
  if (commanding || COMMAND_ID.test(by)) {
    return el("a", { to: ["why", by] }, commanding ? inWords(commanding) : `command ${by.slice(0, 8)}`);
  }
  return isRuleId(by) && !WITHOUT_LINK.has(proposal.reason) ? el("a", { to: ["rules", by] }, `rule ${by}`) : by;
}
