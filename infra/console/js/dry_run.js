/** What a rule proposes: lately, and in a dry run of a text on live data, which commands nothing. */

import { el, fetchJson, problem, segment, sendJson, svg, table } from "./dom.js";
import { formatDateTime, formatTime } from "./format.js";

const EVERY_MS = 3_000;
const LATELY_MS = 3_600_000;
const MINUTE_MS = 60_000;

export async function proposedLately(place, id, signal) {
  const show = async () => {
    try {
      const counts = await fetchJson(`rules/${segment(id)}/proposals?since_ms=${Date.now() - LATELY_MS}`, signal);
      place.replaceChildren(...drawn(counts, "Nothing in the last hour."));
    } catch (error) {
      if (!signal.aborted) place.replaceChildren(problem(error), el("button", { type: "button", onclick: show }, "Try again"));
    }
  };
  place.replaceChildren(el("p", { class: "faint" }, "Loading …"));
  await show();
}

/** Counts in words, a bar for each minute, and why proposals became no commands. */
function drawn({ proposals, readers, outcomes = {}, reasons = {}, per_minute: minutes = [] }, empty) {
  if (!proposals) return [el("p", { class: "faint" }, empty)];
  const counts = Object.entries(outcomes).map(([outcome, n]) => `${n} ${outcome}`).join(", ");
  return [
    el("p", {}, `${proposals} ${proposals === 1 ? "proposal" : "proposals"} for ${readers} ${readers === 1 ? "reader" : "readers"}: ${counts}`),
    bars(minutes),
    ...(Object.keys(reasons).length ? [table(["Why not", "#Proposals"], Object.entries(reasons))] : []),
  ];
}

function bars(minutes) {
  const most = Math.max(1, ...minutes.map(([, n]) => n));
  const first = Math.min(...minutes.map(([at]) => at));
  const last = Math.max(...minutes.map(([at]) => at));
  const slots = Math.max(10, (last - first) / MINUTE_MS + 1);
  const [wide, high] = [600, 70];
  return svg("svg", { viewBox: `0 0 ${wide} ${high + 22}`, role: "img", "aria-label": `Proposals a minute, at most ${most}, from ${formatTime(first)} to ${formatTime(last)}` },
    svg("line", { class: "axis", x1: 0, x2: wide, y1: high, y2: high }),
    minutes.map(([at, n]) => svg("rect", { class: "mark", x: ((at - first) / MINUTE_MS) * (wide / slots) + 1, width: Math.max(1, wide / slots - 2), y: high - (high * n) / most, height: (high * n) / most },
      svg("title", {}, `${formatTime(at)}: ${n}`))),
    svg("text", { x: 0, y: high + 16, class: "faint" }, formatTime(first)), svg("text", { x: wide, y: high + 16, "text-anchor": "end", class: "faint" }, formatTime(last)));
}

/** @param editor whose text is run, as it stands when the button is pressed */
export function dryRun(place, editor, signal) {
  const minutes = el("input", { type: "number", min: 1, max: 60, value: 5, inputmode: "numeric" });
  const said = el("p", { class: "faint", role: "status" }, "Runs the text as a shadow rule of its own on live data. Nobody gets a command of it.");
  const output = el("div");
  let running;
  let timer;
  const button = el("button", { type: "button", onclick: () => (running ? stop() : start()) }, "Dry-run this text");
  const ended = (text) => {
    clearInterval(timer);
    running = undefined;
    button.textContent = "Dry-run this text";
    said.textContent = text;
  };
  const start = async () => {
    said.textContent = "Starting …";
    output.replaceChildren();
    try {
      running = await sendJson("POST", "rules/dry-run", { text: editor.text(), minutes: Number(minutes.value) }, signal);
    } catch (error) {
      if (signal.aborted) return;
      said.textContent = "";
      output.replaceChildren(problem(error));
      editor.showProblems(error.problems ?? []);
      return;
    }
    button.textContent = "Stop the dry run";
    said.textContent = `Runs until ${formatDateTime(running.until_ms)} as ${running.id}.`;
    await show();
    if (!signal.aborted && running) timer = setInterval(() => document.hidden || show(), EVERY_MS);
  };
  const show = async () => {
    const { id, began_at_ms: since, until_ms: until } = running;
    try {
      output.replaceChildren(...drawn(await fetchJson(`rules/${segment(id)}/proposals?since_ms=${since}`, signal), "Nothing proposed yet."));
    } catch (error) {
      if (!signal.aborted) output.replaceChildren(problem(error));
    }
    if (running && Date.now() > until) ended("The dry run has ended.");
  };
  const stop = async () => {
    const { id } = running;
    try {
      await sendJson("DELETE", `rules/${segment(id)}`, {}, signal);
      ended("The dry run was stopped.");
    } catch (error) {
      if (!signal.aborted) output.replaceChildren(problem(error));
    }
  };
  signal.addEventListener("abort", () => clearInterval(timer));
  place.append(el("div", { class: "bar" }, el("label", {}, "Minutes", minutes), button), said, output);
}
