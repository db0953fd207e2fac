/** The models: a list, and a page for each. */

import { el, fetchJson, segment } from "./dom.js";
import { alertSection, driftSection } from "./drift.js";
import { modelPage } from "./model_page.js";
import { metricText, stateBadge, trained } from "./model_words.js";

const KINDS = ["feature_drift", "score_drift", "error_drift", "missing_outcomes", "retraining", "model_kept_out", "retraining_failed", "model_refused", "worse_version", "model_rolled_back", "rollback_failed"];

export async function models(place, [id = ""], signal) {
  const waiting = el("p", { class: "faint", role: "status" }, "Loading models …");
  place.append(el("h1", {}, id ? `Model ${id}` : "Models"), waiting);
  const [found, drift] = await Promise.all([fetchJson(id ? `models/${segment(id)}` : "models", signal), fetchJson("drift", signal)]).finally(() => waiting.remove());
  if (id) modelPage(place, found, drift);
  else list(place, found, drift);
}

function list(place, { store, models: entries }, drift) {
  const learnt = entries.filter((each) => each.origin !== "shipped");
  place.append(
    ...(store.problem ? [el("p", { class: "problem", role: "alert" }, store.problem)] : []),
    el("p", { class: "faint" }, store.location ? `Store: ${store.location}.` : "No store is set, so only what is announced is shown: set MICROADJUST_MODELS to the folder that `microadjust models train` writes to."),
    ...(learnt.length ? [] : [el("p", {}, "No model has been trained yet. ", el("code", {}, "microadjust models train length --last 7d"), " trains one on what the job logged with ", el("code", {}, "--feature-log on"), "; ",
      el("code", {}, "microadjust learn --retrain length"), " trains again when readers change.")]),
    el("ul", { class: "list card" }, entries.map(line)),
    driftSection(drift),
    alertSection(drift.alerts, KINDS));
}

function line(entry) {
  const { card } = entry;
  const metrics = card && Object.entries(card.metrics).map(([name, value]) => `${name} ${metricText(value)}`).join(", ");
  const newest = entry.versions.at(-1);
  return el("li", {},
    el("div", { class: "bar tight" }, el("a", { class: "action", to: ["models", entry.id] }, entry.id), stateBadge(entry),
      el("span", { class: "faint" }, [entry.live && `version ${entry.live.version} live`, entry.shadow && `version ${entry.shadow.version} in shadow`, entry.versions.length && `${entry.versions.length} in the store, newest ${newest}`].filter(Boolean).join(" · "))),
    entry.problem && el("div", { class: "problem" }, entry.problem),
    metrics && el("div", {}, metrics),
    card && el("div", { class: "faint" }, trained(card)));
}
