/** The actions by impact and complexity, how often each was commanded lately, and what pages did with them. */

import { el, fetchJson } from "./dom.js";
import { formatDateTime } from "./format.js";

const STEPS = [1, 2, 3, 4, 5];

export async function matrix(place, _, signal) {
  const waiting = el("p", { class: "faint", role: "status" }, "Loading actions …");
  place.append(el("h1", {}, "Matrix of actions"), waiting);
  let found;
  try {
    found = await fetchJson("actions", signal);
  } finally {
    waiting.remove();
  }
  const { actions, since_ms: since, until_ms: until, min_outcomes: least } = found;
  place.append(
    el("p", { class: "faint" }, "Impact: how much a reader notices, from 1 to 5. Complexity: how much a CMS has to prepare. ",
      since === null ? "No command is kept: the counts are 0." : `Counts are of the newest commands, from ${formatDateTime(since)} to ${formatDateTime(until)} UTC.`),
    grid(actions),
    el("h2", {}, "Actions"),
    el("ul", { class: "list card" }, actions.map((action) => el("li", {},
      el("div", {}, el("span", { class: "action" }, action.name), action.text, action.parameters.length ? ` Parameters: ${action.parameters.join(", ")}.` : ""),
      el("div", { class: "faint" }, `${group(action)}, impact ${action.impact}, complexity ${action.complexity}, ${action.revertible ? "revertible" : "not revertible"}, ${action.commanded} commanded`),
      el("div", { class: "faint" }, frequency(action)),
      el("div", {}, outcomes(action, least))))),
    el("p", { class: "faint" }, "Of the actions of one group only one is in force for a reader at a time."));
}

const group = (action) => (action.exclusive_group ? `group ${action.exclusive_group}` : "no group");
const percent = (share) => `${Math.round(100 * share)} %`;

function outcomes({ applied, outcomes: told }, least) {
  if (!applied) return el("span", { class: "faint" }, `Carried out by pages: not enough outcomes yet (${told} of ${least}).`);
  return `Carried out by pages: ${percent(applied.share)} of ${told} (95 %: ${percent(applied.low)} to ${percent(applied.high)}).`;
}

/** How often rules that name no cooldown may command it. */
const frequency = ({ cooldown_s: rest, max_per_session: most, rest_factor: factor }) =>
  `Where a rule names no cooldown: every ${rest} s, ${most} times a session${factor > 1 ? `; the outcomes ask for a rest ${factor} times as long` : ""}.`;

function grid(actions) {
  const most = Math.max(1, ...actions.map((each) => each.commanded));
  const chip = (action) => el("li", {}, el("strong", {}, action.name.replaceAll("_", " ")),
    el("span", { class: "faint" }, [group(action), action.revertible ? undefined : "not revertible"].filter(Boolean).join(", ")),
    el("meter", { min: 0, max: most, value: action.commanded, "aria-label": `${action.name} commanded` }, String(action.commanded)), el("span", { class: "faint" }, `${action.commanded} commanded`));
  const cell = (impact, complexity) => el("td", {}, el("ul", {}, actions.filter((each) => each.impact === impact && each.complexity === complexity).map(chip)));
  return el("div", { class: "card scroll", tabindex: 0, role: "region", "aria-label": "Actions by impact and complexity" },
    el("table", { class: "matrix" },
      el("caption", {}, "Actions by impact (rows, the greatest first) and complexity (columns)"),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Impact"), STEPS.map((complexity) => el("th", { scope: "col" }, `complexity ${complexity}`)))),
      el("tbody", {}, STEPS.toReversed().map((impact) => el("tr", {}, el("th", { scope: "row" }, String(impact)), STEPS.map((complexity) => cell(impact, complexity)))))));
}
