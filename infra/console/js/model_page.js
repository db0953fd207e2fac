/** One model: which version is live, what the gate found of each, and the drift of what it reads. */

import { el, table } from "./dom.js";
import { alertSection, driftSection } from "./drift.js";
import { formatDateTime } from "./format.js";
import { gateBadge, metricText, shareText, stateBadge, trained } from "./model_words.js";

const KINDS = ["error_drift", "missing_outcomes", "retraining", "model_kept_out", "retraining_failed", "model_refused", "worse_version", "model_rolled_back", "rollback_failed"];

/** @param {object} entry as GET models/ID answers */
export function modelPage(place, entry, drift) {
  const { store, described } = entry;
  const problem = entry.problem ?? store.problem;
  place.append(
    ...(problem ? [el("p", { class: "problem", role: "alert" }, problem)] : []),
    standing(entry),
    ...(entry.shadow ? [besideLive(entry)] : []),
    described.length ? versions(entry) : el("p", { class: "faint" }, unstored(entry)),
    driftSection(drift, entry.card?.features),
    alertSection(drift.alerts, KINDS, [entry.id]));
}

function unstored({ id, origin, store }) {
  if (origin === "shipped") return "This forest is part of the job, which fits others to the readers of each content type as it runs. An announced forest takes its place.";
  return store.location ? `The store has no version of ${id}; it was announced from elsewhere.` : "No store is set: set MICROADJUST_MODELS to see versions, gate and reports.";
}

function standing({ live, promoted, card, ...entry }) {
  const fact = (name, ...value) => [el("dt", {}, name), el("dd", {}, value)];
  return el("section", { class: "card", "aria-label": "Live" }, el("h2", {}, "Live"),
    el("p", { class: "bar tight" }, stateBadge({ live, ...entry }), live && el("span", {}, `version ${live.version}, ${live.in_words}`)),
    live?.refused && el("p", { class: "problem" }, `Refused: ${live.refused}. The version before stays in force.`),
    el("dl", {},
      live && fact("Scores windows", live.from_ms ? `from ${formatDateTime(live.from_ms)} UTC on` : "from the first on"),
      fact("Promoted in the store", promoted === null ? "none" : `version ${promoted}`),
      card && [
        fact("Trained", trained(card).replace("trained ", "")),
        fact("Training range", span(card.trained_from_ms, card.trained_until_ms)),
        fact("Reads", card.features.join(", ")),
        card.classes.length > 0 && fact("Tells apart", card.classes.join(", ")),
        card.parity !== null && fact("Parity", `${card.parity.toExponential(1)} at most between training code and ONNX`),
        fact("SHA-256", el("code", {}, card.sha256.slice(0, 16)), " …"),
      ]),
    live && el("details", {}, el("summary", {}, "In force where"), table(["#Subtask", "#Version", "In force from", "Acknowledged", "Refused"], live.acks.map((ack) => [
      `${ack.subtask + 1} of ${ack.subtasks}`, ack.version ?? "deleted", ack.in_force_from_ms === null ? "—" : formatDateTime(ack.in_force_from_ms),
      formatDateTime(ack.acknowledged_at_ms), ack.refused ? el("span", { class: "problem" }, ack.refused) : "",
    ]), "no job has acknowledged this model")));
}

const span = (from, until) => {
  if (from === null || from === undefined || until === null || until === undefined) return "by the order of a file without times";
  return `${formatDateTime(from)} to ${formatDateTime(until)} UTC`;
};

/** The version in shadow beside the one in force. */
function besideLive({ id, kind, shadow, beside }) {
  return el("section", { class: "card", "aria-label": "Shadow" }, el("h2", {}, "Shadow"),
    el("p", { class: "bar tight" }, stateBadge({ live: shadow }), el("span", {}, `version ${shadow.version}, ${shadow.in_words}`)),
    shadow.refused && el("p", { class: "problem" }, `Refused: ${shadow.refused}.`),
    el("p", { class: "faint" }, "It is asked at the same windows, its proposals are recorded, and nothing of it is commanded. ", el("code", {}, `microadjust models shadow ${id} --off`), " ends that."),
    beside ? comparison(kind, beside) : el("p", {}, "No window has been scored by it yet: that takes readers, and the adjust job with ", el("code", {}, "--feature-log on"), "."));
}

function comparison(kind, beside) {
  const few = (told) => `not enough readers yet (${told} of ${beside.min_readers})`;
  const value = (metric, told) => (metric ? metricText(metric) : el("span", { class: "faint" }, few(told)));
  const errors = { length: "Mean error in words", tone: "Share of tones missed" }[kind];
  const { live_error: ours, shadow_error: theirs, advantage } = beside;
  return [
    el("dl", {},
      errors && [el("dt", {}, "Both ask for the same"), el("dd", {}, beside.agreement ? `${shareText(beside.agreement)} of the readers` : value(null, beside.readers))],
      kind !== "tone" && [el("dt", {}, "Mean difference"), el("dd", {}, value(beside.difference, beside.readers), beside.difference && kind === "length" && " words")]),
    errors && table([errors, `#Live, version ${beside.live ?? "none"}`, `#Shadow, version ${beside.shadow}`, "Verdict"], [[`of ${beside.told} readers who told`, value(ours, beside.told), value(theirs, beside.told), verdict(advantage)]]),
    el("p", { class: "faint" }, `${beside.windows} windows of ${beside.readers} readers, from ${formatDateTime(beside.since_ms)} to ${formatDateTime(beside.until_ms)} UTC; each reader counts once. Intervals are of 95 %.`),
  ];
}

function verdict(advantage) {
  if (!advantage) return "";
  if (advantage.low > 0) return el("span", { class: "good" }, `the shadow is better by ${metricText(advantage)}`);
  if (advantage.high < 0) return el("span", { class: "problem" }, `the shadow is worse by ${metricText({ value: -advantage.value, low: -advantage.high, high: -advantage.low })}`);
  return `neither is shown to be better: ${metricText(advantage)}`;
}

function versions({ id, described, live, shadow, promoted, versions: all }) {
  const left = all.length - described.length;
  return el("section", { class: "card", "aria-label": "Versions" }, el("h2", {}, "Versions"),
    left > 0 && el("p", { class: "faint" }, `${left} older versions are left out.`),
    el("ul", { class: "list" }, described.map((each) => el("li", {}, version(id, each, live, shadow, promoted)))));
}

function version(id, each, live, shadow, promoted) {
  const { card } = each;
  const marks = [live?.version === each.version && el("span", { class: "badge commanded" }, "live"), shadow?.version === each.version && el("span", { class: "badge" }, "shadow"), promoted === each.version && el("span", { class: "badge" }, "promoted")];
  if (each.problem) return [el("div", { class: "bar tight" }, el("strong", {}, `version ${each.version}`), marks, el("span", { class: "badge refused" }, "broken")), el("div", { class: "problem" }, each.problem)];
  return [
    el("div", { class: "bar tight" }, el("strong", {}, `version ${each.version}`), marks, gateBadge(each.passed), each.has_report && el("a", { api: ["models", id, "versions", each.version, "report"] }, "report")),
    el("div", {}, Object.entries(card.metrics).map(([name, value]) => `${name} ${metricText(value)}`).join(", ")),
    el("div", { class: "faint" }, [trained(card), card.parity === null ? undefined : `parity ${card.parity.toExponential(1)}`, each.promotions.map((one) => `${one.kind} by ${one.by}, ${formatDateTime(one.at_ms)}`).join(", ")].filter(Boolean).join(" · ")),
    each.checks.length > 0 && el("details", { open: each.passed === false }, el("summary", {}, "Gate"),
      table(["Check", "Passed", "Finding"], each.checks.map((check) => [check.name, check.asked === false ? "not asked" : check.passed ? el("span", { class: "good" }, "yes") : el("span", { class: "problem" }, "no"), check.detail])),
      each.comparisons.length > 0 && table(["Compared on the later range with", `#Advantage in ${each.loss}`], each.comparisons.map((rival) => [rival.name, metricText(rival.advantage)]))),
  ];
}
