/** The rules: a list, and a page for each. */

import { el, fetchJson, segment } from "./dom.js";
import { rulePage } from "./rule_page.js";
import { badges, lastChange, modeOf } from "./rule_words.js";

/** Stands in the address for a rule that is yet to be written; no rule has this id. */
const NEW = "+";

export async function rules(place, [id = ""], signal) {
  const waiting = el("p", { class: "faint", role: "status" }, "Loading rules …");
  place.append(el("h1", {}, id === NEW ? "New rule" : id ? `Rule ${id}` : "Rules"), waiting);
  const asked = [fetchJson("me", signal), id === NEW ? undefined : fetchJson(id ? `rules/${segment(id)}` : "rules", signal)];
  const [{ roles }, answer] = await Promise.all(asked).finally(() => waiting.remove());
  const mayChange = roles.includes("rules");
  if (id) await rulePage(place, answer, mayChange, signal);
  else list(place, answer.rules, mayChange);
}

function list(place, entries, mayChange) {
  const texts = new Map();
  const filter = el("input", { type: "search", placeholder: "id, action or words", spellcheck: "false", oninput: () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const [item, text] of texts) item.hidden = !text.includes(wanted);
  } });
  const counts = ["active", "shadow", "off"].map((mode) => `${entries.filter((each) => modeOf(each.rule) === mode).length} ${mode === "shadow" ? "in shadow" : mode}`);
  place.append(
    el("div", { class: "bar" }, el("label", {}, "Show only", filter), mayChange && el("a", { class: "button", to: ["rules", NEW] }, "New rule")),
    el("p", { class: "faint" }, `${entries.length} rules: ${counts.join(", ")}. `, mayChange ? "" : "You may read rules; changing them needs the role “rules”."),
    el("ul", { class: "list card" }, entries.map((entry) => {
      const item = el("li", {},
        el("div", { class: "bar tight" }, el("a", { class: "action", to: ["rules", entry.id] }, entry.id), badges(entry), el("span", { class: "faint" }, `version ${entry.version ?? "?"}`)),
        entry.rule ? el("div", {}, entry.rule.about) : el("div", { class: entry.problem ? "problem" : "faint" }, entry.problem ?? "Its text is in the job's own rules file."),
        el("div", { class: "faint" }, [entry.rule && `${entry.rule.lane} lane: ${entry.rule.then?.action}`, entry.origin === "shipped" ? "ships with the job" : lastChange(entry.last_change)].filter(Boolean).join(" · ")));
      texts.set(item, JSON.stringify([entry.id, entry.rule, entry.state]).toLowerCase());
      return item;
    })));
  if (!entries.length) place.append(el("p", { class: "faint" }, "No rules."));
}
