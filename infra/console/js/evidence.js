/** Evidence as pictures: on a line of numbers, and over time beside the window. */

import { colour, el, svg } from "./dom.js";
import { clock, number } from "./words.js";

const STEP_MS = 10_000;
const WINDOW_MS = 60_000;

/** Where the line lies on the feature's own scale. A rule can give it in standard deviations; nothing where nobody knows which. */
function lineOf({ value, baseline, threshold, z }, unit) {
  if (threshold === undefined) return undefined;
  if (unit === "value" || (unit === undefined && baseline === undefined)) return threshold;
  if (unit === "z" && z && baseline !== undefined) return baseline + (threshold * (value - baseline)) / z;
  return undefined;
}

/** Value, usual value with its spread, and line, on one scale. */
export function numberLine(name, seen, unit) {
  const { value, baseline, z } = seen;
  // A z-score says how wide the usual spread is.
  const spread = z && baseline !== undefined ? Math.abs((value - baseline) / z) : undefined;
  const line = lineOf(seen, unit);
  const points = [value, baseline, line, spread === undefined ? undefined : baseline + spread, spread === undefined ? undefined : baseline - spread]
    .filter((point) => Number.isFinite(point));
  let [low, high] = [Math.min(...points), Math.max(...points)];
  if (low === high) [low, high] = [low - Math.max(1, Math.abs(low) / 2), high + Math.max(1, Math.abs(high) / 2)];
  if (low > 0 && low < high / 2) low = 0;
  const x = (point) => 20 + (560 * (point - low)) / (high - low);
  const at = (point, row, text, style) => svg("text", { x: Math.min(560, Math.max(40, x(point))), y: row, "text-anchor": "middle", class: style }, text);
  const label = [`${name} is ${number(value)}`, baseline === undefined ? "" : `usually ${number(baseline)}`, line === undefined ? "" : `line at ${number(line)}`];
  return svg("svg", { viewBox: "0 0 600 92", role: "img", "aria-label": label.filter(Boolean).join(", ") },
    svg("line", { class: "axis", x1: 20, x2: 580, y1: 46, y2: 46 }),
    spread !== undefined && svg("rect", { class: "spread", x: x(baseline - spread), width: Math.max(2, x(baseline + spread) - x(baseline - spread)), y: 34, height: 24 }),
    baseline !== undefined && [svg("line", { class: "baseline", x1: x(baseline), x2: x(baseline), y1: 32, y2: 60 }), at(baseline, 74, `usually ${number(baseline)}`, "faint")],
    line !== undefined && [svg("line", { class: "threshold", x1: x(line), x2: x(line), y1: 28, y2: 64 }), at(line, 90, `line at ${number(line)}`, "faint")],
    svg("circle", { class: "value", cx: x(value), cy: 46, r: 8 }), at(value, 20, number(value)));
}

/** What a feature counts; the same windows as in the job (`jobs/sql/window_views.py`), made again from the session's events. */
const sum = (type) => (events) => events.filter((event) => event.type === type).reduce((total, event) => total + (event.value ?? 0), 0);
const count = (fits) => (events) => events.filter(fits).length;
const isClick = (event) => event.type === "click";
const isRecommended = (event) => isClick(event) && event.placement === "recommended";
/** Unknown, and so not drawn, where nobody scrolled. */
const deepest = (events) => {
  const depths = events.filter((event) => event.type === "scroll" && event.value !== undefined).map((event) => event.value);
  return depths.length ? Math.max(...depths) : null;
};
const FEATURES = {
  clicks: count(isClick), click_rate: count(isClick), recent_clicks: count(isClick),
  recommended_clicks: count(isRecommended), recommended_click_rate: count(isRecommended), recent_recommended_clicks: count(isRecommended),
  hover_ms: sum("hover"), pointer_path_px: sum("move"), engaged_ms: sum("heartbeat"),
  pages: count((event) => event.type === "page_view"),
  rapid_exits: count((event) => event.type === "page_hide" && event.value <= 10_000),
  scroll_depth: deepest,
};

/** The feature before and after the decision, as far as the events tell; nothing where they do not. */
export function overTime(place, name, seen, unit, command, events, signal) {
  const feature = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
  if (!feature || !events.length) {
    place.append(el("p", { class: "faint" }, feature ? "No events of this session are kept any more." : "Not drawn over time: this feature cannot be told from single events."));
    return;
  }
  const end = seen.window_end_ms ?? command.issued_at_ms;
  const start = seen.window_start_ms ?? end - WINDOW_MS;
  const length = end - start;
  const step = seen.window_end_ms ? STEP_MS : 1_000;
  const first = Math.max(events[0].occurred_at_ms, end - 300_000);
  const times = [];
  for (let at = end - Math.ceil((end - first) / step) * step; at <= end + 30_000 && times.length < 400; at += step) times.push(at);
  const values = times.map((at) => feature(events.filter((event) => event.occurred_at_ms > at - length && event.occurred_at_ms <= at)));
  const lines = [["baseline", seen.baseline], ["threshold", lineOf(seen, unit)]].filter(([, at]) => at !== undefined);
  const most = Math.max(1, ...values, ...lines.map(([, at]) => at)) * 1.1;
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
  const width = () => Math.max(240, place.clientWidth);
  const plot = new uPlot({
    width: width(), height: 180, cursor: { show: false }, legend: { show: false },
    scales: { y: { range: [0, most] } },
    axes: [{ ...axis, space: 70, values: (_, marks) => marks.map((mark) => clock(mark * 1000)) }, { ...axis, size: 55 }],
    series: [{}, { label: name, stroke: colour("value"), width: 2, points: { size: 4 } }],
    hooks: { drawClear: [(drawn) => shade(drawn, start, end)], draw: [(drawn) => rule(drawn, lines, command.issued_at_ms)] },
  }, [times.map((at) => at / 1000), values], place);
  place.append(el("p", { class: "faint" }, `${name} over ${length / 1000} s up to each moment, made again from this session's events`));
  addEventListener("resize", () => plot.setSize({ width: width(), height: 180 }), { signal });
  signal.addEventListener("abort", () => plot.destroy());
}

function shade({ ctx, bbox, valToPos }, start, end) {
  ctx.save();
  ctx.fillStyle = colour("window");
  const from = Math.max(bbox.left, valToPos(start / 1000, "x", true));
  ctx.fillRect(from, bbox.top, valToPos(end / 1000, "x", true) - from, bbox.height);
  ctx.restore();
}

function rule({ ctx, bbox, valToPos }, lines, decidedMs) {
  ctx.save();
  ctx.lineWidth = 2;
  for (const [name, at] of lines) {
    ctx.strokeStyle = colour(name);
    ctx.setLineDash(name === "threshold" ? [6, 4] : []);
    ctx.beginPath();
    ctx.moveTo(bbox.left, valToPos(at, "y", true));
    ctx.lineTo(bbox.left + bbox.width, valToPos(at, "y", true));
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.strokeStyle = colour("ink");
  const x = valToPos(decidedMs / 1000, "x", true);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
