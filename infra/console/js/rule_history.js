/** Who changed a rule, when and from where; what differs between two versions; the way back. */

import { el, fetchJson, problem, segment } from "./dom.js";
import { formatDateTime } from "./format.js";
import { lineDifference } from "./line_difference.js";

/** @param {(version: number) => Promise<void>} [rollBack] none where the user may only read */
export async function ruleHistory(place, entry, rollBack, signal) {
  let changes;
  try {
    ({ changes } = await fetchJson(`rules/${segment(entry.id)}/history`, signal));
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(el("h2", {}, "History"), problem(error));
    return;
  }
  place.replaceChildren(el("h2", {}, "History"), ...(changes.length
    ? [comparison(changes), el("ul", { class: "list card" }, changes.map((change) => line(change, entry, rollBack)))]
    : [el("p", { class: "faint" }, "No change is on record: the rule is as it ships with the job.")]));
}

function line(change, entry, rollBack) {
  const isCurrent = change.version === entry.version;
  return el("li", { class: "bar tight" },
    el("span", { class: "time" }, formatDateTime(change.at_ms)), el("span", { class: "action" }, change.change),
    el("span", {}, change.version === null || change.version === undefined ? "" : `version ${change.version}`),
    el("span", { class: "faint" }, `by ${change.by ?? "?"}, ${change.via ?? "?"} on ${change.host ?? "?"}`),
    rollBack && change.rule && !isCurrent && change.change !== "dry-run"
      && el("button", { type: "button", "aria-label": `Roll back to version ${change.version}`, onclick: () => rollBack(change.version) }, "Roll back"),
    isCurrent && change.rule && el("span", { class: "badge" }, "current"));
}

/** Two choices and what differs; at first the newest two versions. */
function comparison(changes) {
  const versions = changes.filter((change) => change.rule && change.change !== "dry-run");
  if (versions.length < 2) return el("p", { class: "faint" }, "There is one version only: nothing to compare.");
  const output = el("div");
  const choice = (name, chosen) => el("select", { "aria-label": name, onchange: () => draw() },
    versions.map((change, i) => el("option", { value: i, selected: i === chosen }, `version ${change.version}, ${formatDateTime(change.at_ms)}`)));
  const [before, after] = [choice("Earlier version", 1), choice("Later version", 0)];
  const draw = () => {
    const [old, now] = [before, after].map((each) => lines(versions[each.value].rule));
    output.replaceChildren(difference(lineDifference(old, now)));
  };
  draw();
  return el("details", { class: "card" }, el("summary", {}, "Compare two versions"),
    el("div", { class: "bar" }, el("label", {}, "From", before), el("label", {}, "to", after)), output);
}

const lines = (rule) => JSON.stringify(rule, null, 2).split("\n");
const SIGNS = { same: "  ", removed: "- ", added: "+ " };
const WORDS = { removed: "del", added: "ins", same: "span" };

function difference(parts) {
  if (parts.every(({ kind }) => kind === "same")) return el("p", { class: "faint" }, "The two are the same.");
  return el("pre", { class: "difference scroll", tabindex: 0, "aria-label": "Lines removed begin with -, lines added with +" },
    parts.map(({ kind, text }) => el(WORDS[kind], {}, `${SIGNS[kind]}${text}\n`)));
}
