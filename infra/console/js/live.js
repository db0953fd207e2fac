/** What happens right now: events, commands, rejected records. */

import { colour, el } from "./dom.js";
import { formatDateTime, formatNumber, formatParameters, formatReason, formatTime } from "./format.js";

const MAX_LINES = 120;
const SECONDS = 120;

export async function live(place, _, signal) {
  let paused = false;
  let wanted = "";
  /** What each line was made from, to look for what is wanted in it. */
  const texts = new WeakMap();
  const state = el("span", { role: "status" }, "connecting …");
  // Beside the live region: nobody wants to be told the time every second.
  const more = el("span", {});
  const showStatus = (text, rest = "") => {
    if (state.textContent !== text) state.textContent = text;
    more.textContent = rest;
  };
  const pause = el("button", { type: "button", "aria-pressed": "false", onclick: () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
  } }, "Pause");
  const filter = el("input", { type: "search", placeholder: "session, content or type", spellcheck: "false",
    oninput: () => {
      wanted = filter.value.trim().toLowerCase();
      for (const line of place.querySelectorAll(".list > li")) line.hidden = !texts.get(line).includes(wanted);
    } });
  const chart = el("div");
  const lists = Object.fromEntries(["commands", "events", "rejected", "outcomes"].map((name) => [name, el("ul", { class: "list" })]));
  const card = (title, name) => el("section", { class: "card", "aria-label": title }, el("h2", {}, title), lists[name]);
  place.append(
    el("h1", {}, "Live"),
    el("div", { class: "bar" }, el("label", {}, "Show only", filter), pause),
    el("p", { class: "faint" }, state, more), el("div", { class: "card" }, chart),
    el("div", { class: "columns" },
      el("div", {}, card("Commands", "commands"), card("What pages did with them", "outcomes")),
      el("div", {}, card("Events", "events"), card("Rejected", "rejected"))));

  const lines = { commands: commandLine, events: eventLine, rejected: rejectedLine, outcomes: outcomeLine };
  const rates = rateChart(chart, signal);
  let skipped = 0;
  // A job that starts again says again what was not committed yet.
  const known = new Set();
  const isNew = (id) => {
    if (known.has(id)) return false;
    known.add(id);
    if (known.size > 2_000) known.delete(known.values().next().value);
    return true;
  };
  const source = new EventSource("api/live");
  signal.addEventListener("abort", () => source.close());
  source.onopen = () => { showStatus("connected"); };
  source.onerror = () => {
    showStatus("not connected: open the console with the address that `microadjust gateway` printed, or wait");
  };
  source.onmessage = ({ data }) => {
    const batch = JSON.parse(data);
    rates(batch.counts ?? {});
    skipped += batch.skipped ?? 0;
    showStatus(batch.problem ?? "connected", batch.problem ? "" : (batch.clock_ms ? `, event time ${formatDateTime(batch.clock_ms)}` : "")
      + (skipped ? `, ${skipped} records not shown: more came than anyone can read` : ""));
    if (paused) return;
    for (const [name, line] of Object.entries(lines)) {
      for (const record of batch[name] ?? []) {
        if (name === "commands" && !isNew(record.command_id)) continue;
        const said = JSON.stringify(record).toLowerCase();
        if (!said.includes(wanted)) continue;
        const shown = el("li", { class: "fresh" }, line(record));
        texts.set(shown, said);
        lists[name].prepend(shown);
      }
      while (lists[name].childElementCount > MAX_LINES) lists[name].lastElementChild.remove();
    }
  };
}

const time = (atMs) => el("span", { class: "time" }, formatDateTime(atMs));
const who = (session) => (session === undefined ? "" : el("a", { to: ["session", session] }, session));

const eventLine = (event) => [
  time(event.occurred_at_ms), el("span", { class: "action" }, event.type), who(event.session_id), " ",
  [event.content_id, event.element, event.placement, event.value === undefined ? undefined : formatNumber(event.value), event.text]
    .filter((each) => each !== undefined).join(" · "),
];
const commandLine = (command) => [
  time(command.issued_at_ms), el("span", { class: "action" }, command.action),
  command.session_id === undefined ? command.target?.id : who(command.session_id), " ",
  el("a", { to: ["why", String(command.command_id)] }, "why"),
  el("div", { class: "faint" }, [formatParameters(command), `${command.source?.id}: ${formatReason(command)}`].filter(Boolean).join(" — ")),
];
const rejectedLine = (rejected) => [
  time(rejected.seen_at_ms), el("span", { class: "action" }, rejected.reason), rejected.detail,
  el("span", { class: "faint" }, ` ${rejected.topic} ${rejected.partition}/${rejected.offset}`),
];
const outcomeLine = (outcome) => [
  time(outcome.occurred_at_ms), el("span", { class: "action" }, outcome.status ?? outcome.metric), outcome.reason ? `${outcome.reason} ` : "",
  outcome.command_id === undefined ? "" : el("a", { to: ["why", String(outcome.command_id)] }, "why"), " ", who(outcome.session_id),
];

/** Events and commands a second over the last two minutes; returns what takes the counts of a batch. */
function rateChart(place, signal) {
  const began = Math.floor(Date.now() / 1000);
  const data = [[], [], []];
  for (let s = began - SECONDS; s <= began; s++) [s, 0, 0].forEach((value, i) => data[i].push(value));
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
  const plot = new uPlot({
    width: Math.max(280, place.clientWidth), height: 150, cursor: { show: false }, legend: { live: false }, scales: { y: { range: (_, __, most) => [0, Math.max(5, most)] } },
    axes: [{ ...axis, space: 90, values: (_, marks) => marks.map((mark) => formatTime(mark * 1000)) }, { ...axis, size: 45 }],
    series: [{}, { label: "events a second", stroke: colour("value"), width: 2 }, { label: "commands a second", stroke: colour("threshold"), width: 2 }],
  }, data, place);
  const draw = () => {
    const now = Math.floor(Date.now() / 1000);
    while (data[0].at(-1) < now) {
      data[0].push(data[0].at(-1) + 1);
      data[1].push(0);
      data[2].push(0);
      data.forEach((column) => column.shift());
    }
    plot.setData(data);
  };
  const timer = setInterval(draw, 1000);
  const fit = () => plot.setSize({ width: Math.max(280, place.clientWidth), height: 150 });
  addEventListener("resize", fit, { signal });
  signal.addEventListener("abort", () => { clearInterval(timer); plot.destroy(); });
  return (counts) => {
    draw();
    data[1][data[1].length - 1] += counts["events.v1"] ?? 0;
    data[2][data[2].length - 1] += counts["adjustments.v1"] ?? 0;
  };
}
