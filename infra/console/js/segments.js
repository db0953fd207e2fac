/** The groups of readers: a map of them, their sizes over time, what tells them apart, and who moved. */

import { el, fetchJson, table } from "./dom.js";
import { formatDateTime, formatNumber, isBare } from "./format.js";
import { drawnToFit } from "./plot.js";
import { groupClasses, groupMap, groupSizes } from "./segment_charts.js";

const KINDS = { mobile_short_attention: "mobile readers with short attention", expert: "experts" };
const percent = (share) => `${Math.round(100 * share)} %`;

export async function segments(place, _, signal) {
  const waiting = el("p", { class: "faint", role: "status" }, "Loading segments …");
  place.append(el("h1", {}, "Segments"), waiting);
  const found = await fetchJson("segments", signal).finally(() => waiting.remove());
  const { segments: all, history } = found;
  if (!all.length) {
    place.append(el("p", {}, "No segments yet. Start ", el("code", {}, "microadjust learn"), ", and the adjust job with ", el("code", {}, "--feature-log on"),
      ": it publishes segments after 1,000 minutes of readers."));
    return;
  }
  const classOf = groupClasses([...all.map((each) => each.segment_id), ...history.flatMap((each) => Object.keys(each.shares))]);
  const newest = all[0];
  place.append(
    el("p", { class: "faint" }, `Version ${newest.version}, of ${formatDateTime(newest.at_ms)} UTC. Each group is as large as its share of the readers.`),
    el("section", { class: "card", "aria-label": "Map" }, el("h2", {}, "Map"), drawnToFit((wide) => groupMap(found, classOf, wide), signal)),
    el("section", { class: "card", "aria-label": "Sizes over time" }, el("h2", {}, "Sizes over time"), drawnToFit((wide) => groupSizes(found, classOf, wide), signal),
      el("p", { class: "faint" }, "Old versions vanish when Kafka compacts segments.v1.")),
    el("section", { "aria-label": "Groups" }, el("h2", {}, "What tells them apart"), el("p", { class: "faint" }, "The centre of each group beside the mean of all readers; apart: the difference, in spreads within the groups."), el("div", { class: "columns" }, all.map((each) => group(each, classOf)))),
    moves(found, classOf));
}

const swatch = (id, classOf) => el("span", { class: `swatch ${classOf(id)}` });

function group(each, classOf) {
  const facts = [`${percent(each.share)} of the readers`, `${each.rows} minutes`, each.stability === null ? "new" : `${percent(each.stability)} stayed`, each.parents.length && `made of ${each.parents.join(", ")}`, each.kind && `rules call them ${KINDS[each.kind] ?? each.kind}`];
  return el("article", { class: "card" },
    el("h3", {}, swatch(each.segment_id, classOf), `${each.segment_id}: ${each.name}`),
    el("p", { class: "faint" }, facts.filter(Boolean).join(" · ")),
    table(["Feature", "#Here", "#All", "#Apart"], each.telling.map((one) => [[one.feature, !isBare(one.unit) && el("span", { class: "faint" }, ` ${one.unit}`)], formatNumber(one.value), formatNumber(one.usual), `${one.apart > 0 ? "+" : "−"}${Math.abs(one.apart).toFixed(1)}`])));
}

function moves({ moves: all, seen, names }, classOf) {
  const name = (id) => [swatch(id, classOf), names[id] === undefined ? id : `${id}: ${names[id]}`];
  return el("section", { class: "card", "aria-label": "Who moved" }, el("h2", {}, "Who moved"),
    seen.placed
      ? [el("p", { class: "faint" }, `Among ${seen.placed} readers with a segment, from ${formatDateTime(seen.since_ms)} to ${formatDateTime(seen.until_ms)} UTC. A reader moves once another centre is clearly nearer three windows in a row.`),
        table(["From", "To", "#Readers"], all.map((each) => [name(each.from), name(each.to), each.readers]), "nobody has moved")]
      : el("p", { class: "faint" }, seen.windows ? "None of the newest windows of the feature log has a segment: the job places a reader from the third window on." : ["The feature log is empty: start the adjust job with ", el("code", {}, "--feature-log on"), "."]));
}
