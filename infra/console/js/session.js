/** One session's life: what the reader did, lane by lane, and what was changed for the reader. */

import { el, fetchJson, svg, table } from "./dom.js";
import { formatDateTime, formatDuration, formatNumber, formatParameters, formatReason, formatTime } from "./format.js";
import { proposals } from "./proposals.js";

const WIDE = 1_000;
const LEFT = 90;
const LANE = 24;
const MAX_ROWS = 300;

export async function session(place, [id = "", from = "", to = ""], signal) {
  const field = el("input", { type: "search", id: "session", value: id, placeholder: "session id", spellcheck: "false", autocomplete: "off" });
  const go = (event) => {
    event.preventDefault();
    location.hash = `#/session/${encodeURIComponent(field.value.trim())}`;
  };
  place.append(el("h1", {}, "A session's life"),
    el("form", { class: "bar", onsubmit: go }, el("label", { for: "session" }, "Session"), field, el("button", { type: "submit" }, "Show")));
  if (!id) {
    place.append(el("p", { class: "faint" }, "The live page links each event to its session."));
    return;
  }
  const [life, asked, log] = [el("div"), el("div"), el("div")];
  place.append(life, asked, log);
  const span = { from: millis(from), to: millis(to) };
  await Promise.all([showLife(life, log, id, signal), proposals(asked, id, span, signal)]);
}

const millis = (text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined);

async function showLife(place, log, id, signal) {
  const { events, commands, outcomes } = await fetchJson(`session?${new URLSearchParams({ id })}`, signal);
  const moments = [...events.map((each) => each.occurred_at_ms), ...commands.map((each) => each.issued_at_ms)];
  if (!moments.length) {
    place.append(el("p", { class: "faint" }, "Nothing of this session is kept any more."));
    return;
  }
  const [first, last] = [Math.min(...moments), Math.max(...moments)];
  const at = (ms) => LEFT + ((WIDE - LEFT - 40) * (ms - first)) / Math.max(1, last - first);
  place.append(
    el("p", {}, `${events.length} events and ${commands.length} commands in ${formatDuration((last - first) / 1000)}, from ${formatDateTime(first)} to ${formatDateTime(last)}`),
    el("div", { class: "card scroll", tabindex: 0, role: "region", "aria-label": "Timeline" }, timeline(events, commands, at, first, last)),
    el("h2", {}, "What was changed"),
    table(["At", "What", "Because", "Became"], commands.map((command, i) => [
      formatDateTime(command.issued_at_ms), el("span", {}, el("strong", {}, command.action), " ", formatParameters(command)),
      el("span", {}, `${command.source?.id}: ${formatReason(command)} `, el("a", { to: ["why", String(command.command_id)] }, "why")),
      outcomes.filter((each) => each.command_id === command.command_id).map((each) => each.status).join(", ") || "—",
    ])));
  log.append(
    el("h2", {}, events.length > MAX_ROWS ? `The last ${MAX_ROWS} events` : "Events"),
    table(["At", "What", "Content", "Element", "#Value", "Text"], events.slice(-MAX_ROWS).reverse().map((event) => [
      formatDateTime(event.occurred_at_ms), event.type, event.content_id ?? "", [event.element, event.placement].filter(Boolean).join(" · "),
      event.value === undefined ? "" : formatNumber(event.value), event.text ?? "",
    ])));
}

function timeline(events, commands, at, first, last) {
  const lanes = [...new Set(events.map((event) => event.type))].sort();
  const high = (lanes.length + 1) * LANE + 46;
  const row = (lane) => 20 + lanes.indexOf(lane) * LANE;
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => first + share * (last - first));
  return svg("svg", { viewBox: `0 0 ${WIDE} ${high}`, class: "lanes", role: "img", "aria-label": "What happened when; the tables below say the same in words" },
    marks.map((ms) => [
      svg("line", { class: "axis", x1: at(ms), x2: at(ms), y1: 8, y2: high - 38 }),
      svg("text", { x: at(ms), y: high - 6, "text-anchor": "middle", class: "faint" }, formatTime(ms)),
    ]),
    lanes.map((lane) => svg("text", { x: LEFT - 10, y: row(lane) + 12, "text-anchor": "end", class: "faint" }, lane)),
    events.map((event) => svg("rect", { class: "mark", x: at(event.occurred_at_ms) - 1.5, y: row(event.type), width: 3, height: LANE - 8, rx: 1 },
      svg("title", {}, `${formatTime(event.occurred_at_ms)} ${event.type} ${event.element ?? event.content_id ?? ""}`))),
    commands.map((command, i) => [
      svg("line", { class: "command", x1: at(command.issued_at_ms), x2: at(command.issued_at_ms), y1: 8, y2: high - 56 }),
      svg("text", { x: Math.min(WIDE - 60, Math.max(LEFT + 40, at(command.issued_at_ms))), y: high - 42 + 16 * (i % 2), "text-anchor": "middle" }, command.action),
    ]));
}
