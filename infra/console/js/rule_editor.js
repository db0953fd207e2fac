/** The text of a rule with line numbers, checked by the gateway as one types. */

import { el, sendJson } from "./dom.js";
import { modeOf } from "./rule_words.js";

const CHECK_AFTER_MS = 300;
const MAX_CHARS = 200_000;
/** Lines beyond get no number: each is an element of its own. */
const MAX_NUMBERED = 5_000;

/** Texts that were typed and not saved, by rule, for as long as the console is open. */
const drafts = new Map();

/**
 * @param {object} [entry] the rule as it is; none for a new one
 * @param {(text: string, id: string) => Promise<void>} [save] none where the user may only read
 */
export function ruleEditor(entry, example, save, signal) {
  const key = entry?.id ?? "";
  let original = entry ? entry.text ?? "" : example;
  let state = { text: undefined, problems: [], rules: [] };
  let sent;
  let timer;
  let checking = new AbortController();
  const text = el("textarea", { id: "rule-text", rows: 24, maxlength: MAX_CHARS, wrap: "off", spellcheck: "false", autocomplete: "off", readonly: !save, "aria-describedby": "rule-checked", oninput: () => changed() });
  const numbers = el("pre", { class: "numbers", "aria-hidden": "true" });
  const result = el("p", { id: "rule-checked", role: "status" });
  const problems = el("ul", { class: "list problems" });
  const unsaved = el("span", { class: "faint", role: "status" });
  const bar = el("div", { class: "bar" });
  text.addEventListener("scroll", () => { numbers.scrollTop = text.scrollTop; });

  const isDirty = () => text.value !== original;
  const number = () => {
    const bad = new Set(state.problems.map((each) => each.line));
    const lines = Math.min(MAX_NUMBERED, text.value.split("\n").length);
    numbers.replaceChildren(...Array.from({ length: lines }, (_, i) => el("span", { class: bad.has(i + 1) ? "bad" : undefined }, `${i + 1}\n`)));
    numbers.scrollTop = text.scrollTop;
  };
  const showProblems = (found) => {
    state.problems = found;
    text.setAttribute("aria-invalid", String(found.length > 0));
    problems.replaceChildren(...found.map((each) => el("li", {}, el("button", { type: "button", class: "link", onclick: () => goTo(each) }, placeOf(each)), " ", el("span", { class: "problem" }, withoutPlace(each)),
      each.hint ? el("span", { class: "faint" }, ` ${each.hint}`) : "")));
    number();
  };
  const goTo = ({ line, column }) => {
    const lines = text.value.split("\n");
    const row = Math.min(Math.max(1, line ?? 1), lines.length);
    const begin = lines.slice(0, row - 1).reduce((sum, each) => sum + each.length + 1, 0);
    const from = begin + Math.min(Math.max(0, (column ?? 1) - 1), lines[row - 1].length);
    text.focus();
    text.setSelectionRange(from, begin + lines[row - 1].length);
    text.scrollTop = Math.max(0, (row - 4) * (text.scrollHeight / Math.max(1, lines.length)));
  };
  const check = async () => {
    checking.abort();
    checking = new AbortController();
    const { signal: stopped } = checking;
    const checked = text.value;
    try {
      const found = await sendJson("POST", "rules/check", { text: checked }, AbortSignal.any([signal, stopped]));
      state = { text: checked, problems: [], rules: found.rules ?? [] };
      const all = [...found.problems ?? [], ...idProblem(found.rules ?? [])];
      result.className = all.length ? "problem" : "good";
      result.textContent = all.length ? `${all.length} ${all.length === 1 ? "problem" : "problems"}` : `No problems. ${inWords(state.rules[0])}`;
      showProblems(all);
    } catch (error) {
      if (signal.aborted || stopped.aborted) return;
      result.className = "problem";
      result.textContent = `Not checked: ${error.message}`;
    }
  };
  const idProblem = ([rule]) => (entry && rule && rule.id !== entry.id
    ? [{ problem: `id: this page edits ${entry.id}; for another rule use “New rule”`, line: null, column: null }] : []);
  const changed = () => {
    if (isDirty()) drafts.set(key, text.value);
    else drafts.delete(key);
    unsaved.textContent = isDirty() ? "Changes are not saved." : "";
    number();
    clearTimeout(timer);
    timer = setTimeout(check, CHECK_AFTER_MS);
  };
  const fill = (value) => {
    text.value = value;
    changed();
  };
  const trySave = async () => {
    if (state.text !== text.value) {
      clearTimeout(timer);
      await check();
    }
    if (state.text !== text.value) return;
    if (state.problems.length) problems.querySelector("button")?.focus();
    else {
      sent = text.value;
      await save(sent, state.rules[0]?.id ?? "");
      sent = undefined;
    }
  };

  if (save) {
    bar.append(
      el("button", { type: "button", class: "primary", onclick: trySave }, "Save"),
      el("button", { type: "button", onclick: () => fill(original) }, "Discard changes"), unsaved);
    text.addEventListener("keydown", (event) => {
      if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      trySave();
    });
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  fill(drafts.get(key) ?? original);
  const node = el("div", {},
    el("label", { for: "rule-text" }, save ? "YAML or JSON. The version rises by itself; Ctrl+S saves." : "YAML"),
    el("div", { class: "editor" }, numbers, text), result, problems, bar);
  return {
    node, isDirty, showProblems,
    text: () => text.value,
    forget: () => drafts.delete(key),
    /** Takes what is in force now; what was typed since the text was sent stays. */
    saved(now) {
      const typedOn = sent === undefined ? isDirty() : text.value !== sent;
      original = now.text ?? "";
      if (typedOn) changed();
      else fill(original);
    },
  };
}

/** The place stands in the link beside. */
const withoutPlace = ({ problem, line, column }) => {
  const place = `line ${line}, column ${column}: `;
  return problem.startsWith(place) ? problem.slice(place.length) : problem;
};

/** What the gateway has read, to compare with what was meant. */
const inWords = (rule) => (rule ? `${rule.id} proposes ${rule.then?.action} in lane ${rule.lane} with priority ${rule.priority ?? 50}, ${rule.cooldown_s == null ? "as often as the matrix of actions allows" : `at most every ${rule.cooldown_s} s`}; mode ${modeOf(rule)}.` : "");

const placeOf = ({ line, column, field }) =>
  [line ? `line ${line}${column ? `, column ${column}` : ""}` : "somewhere", field].filter(Boolean).join(", ") + ":";
