/** One rule: its mode, its text, where it is in force, what it proposes, and its history. */

import { confirmed, el, fetchJson, segment, sendJson, table } from "./dom.js";
import { dryRun, proposedLately } from "./dry_run.js";
import { formatDateTime } from "./format.js";
import { ruleEditor } from "./rule_editor.js";
import { ruleHistory } from "./rule_history.js";
import { badges, lastChange, modeOf } from "./rule_words.js";

const POLL_MS = 1_000;
const ACKS_TIMEOUT_MS = 30_000;
/** A job that runs answers within seconds; without an answer none runs. */
const FIRST_ACK_TIMEOUT_MS = 8_000;
const WAIT_S = 2;

/** A rule that commands nothing until somebody activates it. */
const EXAMPLE = `id: my-rule
version: 1
about: In a sentence, what the reader does and what is to change.
lane: session_window
when:
  - {feature: clicks, rises: 3}
  - {feature: scrolls, rises: 3}
then: {action: simplify_layout, parameters: {density: low}}
priority: 50
cooldown_s: 300
mode: shadow
`;

/** @param {object} [entry] as GET rules/ID answers; none for a new rule */
export async function rulePage(place, entry, mayChange, signal) {
  const head = el("div");
  const said = el("p", { role: "status", tabindex: -1 });
  const acks = el("div");
  const past = el("div");
  let editor;
  /** Of the newest change; an older one is not followed any more. */
  let followed = 0;

  const showHead = () => {
    if (!entry) return;
    const focused = head.contains(document.activeElement) ? document.activeElement.textContent : undefined;
    head.replaceChildren(
      el("p", { class: "bar tight" }, badges(entry), el("span", {}, `version ${entry.version ?? "?"}`), el("span", { class: "faint" }, entry.origin === "shipped" ? "ships with the job" : lastChange(entry.last_change))),
      ...(entry.problem ? [el("p", { class: "problem" }, entry.problem)] : []),
      ...(mayChange ? [el("div", { class: "bar", role: "group", "aria-label": "Mode" }, modeButtons(), entry.origin === "topic" && deleteButton())] : []));
    acks.replaceChildren(acknowledgements(entry.acks ?? []));
    if (focused !== undefined) [...head.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
  };
  const fail = (error) => {
    if (signal.aborted) return;
    said.className = "problem";
    said.textContent = error.message;
    if (error.problems?.length) editor.showProblems(error.problems);
  };
  /** Sends a change and follows its acknowledgements. */
  const change = async (text, send) => {
    said.className = "";
    said.textContent = `${text} …`;
    try {
      const put = await send();
      const id = put.id ?? entry?.id;
      if (!entry) {
        editor.forget();
        location.hash = `#/rules/${segment(id)}`;
        return;
      }
      await follow(id);
    } catch (error) {
      fail(error);
    }
  };
  /** Asks again until every subtask has answered, one has refused, or none answers. */
  const untilAcknowledged = async (id) => {
    const began = Date.now();
    const mine = ++followed;
    for (;;) {
      const found = await fetchJson(`rules/${segment(id)}`, signal);
      if (mine !== followed) return;
      entry = found;
      showHead();
      const patience = { waiting: ACKS_TIMEOUT_MS, unknown: FIRST_ACK_TIMEOUT_MS }[entry.state] ?? 0;
      const isOver = Date.now() - began > patience;
      const text = progress(entry, isOver);
      if (said.textContent !== text) said.textContent = text;
      if (isOver) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    if (["refused", "failing"].includes(entry.state)) said.className = "problem";
  };
  const follow = async (id) => {
    entry = await fetchJson(`rules/${segment(id)}`, signal);
    editor.saved(entry);
    // The change is on record whatever the job says of it.
    await Promise.all([untilAcknowledged(id), ruleHistory(past, entry, mayChange ? rollBack : undefined, signal)]);
  };
  const put = (body) => sendJson("PUT", `rules/${segment(entry?.id ?? body.id)}`, { ...body.sent, bump: true, wait_s: WAIT_S }, signal);
  const save = async (text, id) => {
    try {
      const standing = await standingRule(entry?.id ?? id, signal);
      if (!entry && standing) throw new Error(`There is a rule ${id} already: change it on its own page, or choose another id.`);
      if (standing && standing.version !== entry.version
        && !await confirmed(`Version ${standing.version} was put meanwhile by ${standing.last_change?.by ?? "somebody else"}. Put yours over it?`, "Put mine")) return;
    } catch (error) {
      fail(error);
      return;
    }
    await change("Saving", () => put({ id, sent: { text } }));
  };
  const modeButtons = () => [["active", "Activate"], ["shadow", "Shadow"], ["off", "Switch off"]].map(([mode, name]) =>
    el("button", { type: "button", "aria-pressed": String(modeOf(entry.rule) === mode), disabled: !entry.rule, onclick: async () => {
      if (modeOf(entry.rule) === mode) return;
      if (editor.isDirty()) {
        fail(new Error("The text has changes that are not saved: save or discard them first."));
        return;
      }
      const { enabled: _, ...rule } = entry.rule;
      await change(`${name} ${entry.id}`, () => put({ sent: { rule: { ...rule, mode } } }));
    } }, name));
  const deleteButton = () => el("button", { type: "button", class: "danger", onclick: async () => {
    if (!await confirmed(`Delete rule ${entry.id} from rules.v1? A rule of that id that ships with the job comes into force again.`, "Delete")) return;
    try {
      await sendJson("DELETE", `rules/${segment(entry.id)}`, { wait_s: WAIT_S }, signal);
      location.hash = "#/rules";
    } catch (error) {
      fail(error);
    }
  } }, "Delete");
  const rollBack = async (version) => {
    if (!await confirmed(`Roll rule ${entry.id} back to version ${version}? It is put as a new version, in force as soon as every subtask has acknowledged it.`, "Roll back")) return;
    // The button that was pressed goes with the history that it stands in.
    said.focus();
    await change(`Rolling back to version ${version}`, () => sendJson("POST", `rules/${segment(entry.id)}/rollback`, { to: version, wait_s: WAIT_S }, signal));
  };

  editor = ruleEditor(entry, EXAMPLE, mayChange ? save : undefined, signal);
  const trial = el("div");
  const lately = el("div");
  place.append(head, said,
    el("div", { class: "columns" },
      el("section", { "aria-label": "Text" }, el("h2", {}, "Text"), editor.node),
      el("section", { "aria-label": "Live" }, ...(entry ? [el("h2", {}, "In force where"), acks, el("h2", {}, "Proposed lately"), lately] : []),
        ...(mayChange ? [el("h2", {}, "Dry run"), trial] : []))),
    past);
  showHead();
  if (mayChange) dryRun(trial, editor, signal);
  const isFresh = entry?.last_change && Date.now() - entry.last_change.at_ms < ACKS_TIMEOUT_MS;
  if (entry) await Promise.all([isFresh && ["waiting", "unknown"].includes(entry.state) && untilAcknowledged(entry.id), proposedLately(lately, entry.id, signal), ruleHistory(past, entry, mayChange ? rollBack : undefined, signal)]);
}

/** The rule as the gateway has it now; undefined where there is none. */
const standingRule = (id, signal) => fetchJson(`rules/${segment(id)}`, signal).catch((error) => {
  if (error.status !== 404) throw error;
});

function progress(entry, isOver) {
  switch (entry.state) {
    case "in_force": return `Version ${entry.version} is in force in every subtask.`;
    case "refused": return `Version ${entry.version} was refused${entry.problem ? `: ${entry.problem}` : ""}. The last good version stays in force.`;
    case "failing": return `Version ${entry.version} is in force in every subtask, but cannot always be evaluated, and does not hold there${entry.problem ? `: ${entry.problem}` : ""}`;
    case "waiting": return `Version ${entry.version} is written; waiting for the acknowledgements of the other subtasks.`;
    default: return `Version ${entry.version} is written; ${isOver ? "no job has acknowledged it. Is a job running?" : "waiting for a job to acknowledge it."}`;
  }
}

const acknowledgements = (acks) => table(["#Subtask", "#Version", "In force from", "Acknowledged", "Refused"],
  [...acks].sort((a, b) => a.subtask - b.subtask).map((ack) => [
    `${ack.subtask + 1} of ${ack.subtasks}`, ack.version ?? "deleted", ack.in_force_from_ms === null ? "—" : formatDateTime(ack.in_force_from_ms),
    formatDateTime(ack.acknowledged_at_ms), ack.refused ? el("span", { class: "problem" }, ack.refused) : "",
  ]), "no job has acknowledged this rule");
