/** How jobs and topics are, asked again every three seconds. */

import { el, fetchJson, problem, replaceChildrenKeepingFocus, table } from "./dom.js";
import { formatBytes, formatDateTime, formatDuration, formatNumber } from "./format.js";

const EVERY_MS = 3_000;

export async function health(place, _, signal) {
  const output = el("div");
  place.append(el("h1", {}, "Health"), output);
  let before;
  const show = async () => {
    try {
      const now = await fetchJson("health", signal);
      replaceChildrenKeepingFocus(output, ...drawn(now, before));
      before = now;
    } catch (error) {
      if (!signal.aborted) output.replaceChildren(problem(error));
    }
  };
  await show();
  if (signal.aborted) return;
  const timer = setInterval(() => document.hidden || show(), EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function drawn({ at_ms, flink, kafka }, before) {
  const trouble = (part) => part.problem && el("p", { class: "problem", role: "alert" }, part.problem);
  const state = (job) => el("span", { class: job.state === "RUNNING" || job.state === "FINISHED" ? "good" : "problem" }, job.state);
  const seconds = before ? (at_ms - before.at_ms) / 1000 : undefined;
  const rate = (topic) => {
    const then = before?.kafka.topics?.find((each) => each.topic === topic.topic);
    return then && seconds ? formatNumber((topic.written - then.written) / seconds) : "";
  };
  return [
    el("p", { class: "faint" }, `as of ${formatDateTime(at_ms)} UTC`),
    el("section", { class: "card", "aria-label": "Jobs" }, el("h2", {}, "Jobs"), trouble(flink) || [
      el("p", {}, `${flink.taskmanagers} TaskManagers, ${flink.slots.free} of ${flink.slots.total} slots free`),
      table(["Job", "State", "#Up", "#Failures", "#Checkpoints", "#Failed", "#Last took", "#Size", "Last at"], flink.jobs.map((job) => [
        job.name, state(job), formatDuration(job.up_s), job.failures, formatNumber(job.checkpoints), formatNumber(job.failed_checkpoints),
        job.checkpoint_ms === null || job.checkpoint_ms === undefined ? "" : `${job.checkpoint_ms} ms`, formatBytes(job.checkpoint_bytes),
        job.checkpoint_at_ms ? formatDateTime(job.checkpoint_at_ms) : "",
      ]), "no job runs"),
    ]),
    el("section", { class: "card", "aria-label": "Topics" }, el("h2", {}, "Topics"), trouble(kafka) || table(
      ["Topic", "#Partitions", "#Records kept", "#Written", "#A second"],
      kafka.topics.map((topic) => [topic.topic, topic.partitions, topic.kept, topic.written, rate(topic)]))),
    !kafka.problem && el("section", { class: "card", "aria-label": "Readers of topics" }, el("h2", {}, "How far readers are behind"),
      table(["Group", "Topic", "#Records behind"], kafka.groups.map((each) => [each.group, each.topic, each.lag]), "no group has committed anything"),
      el("p", { class: "faint" }, "A Flink job commits with each checkpoint, so it looks as far behind as a checkpoint is old.")),
  ].filter(Boolean);
}
