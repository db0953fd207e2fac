/** Draws evidence: on a line of numbers, and over time beside the window. */

import { colour, el, svg } from "./dom.js";
import { boundsOf, formatNumber, formatTime } from "./format.js";

const STEP_MS = 10_000;
const WINDOW_MS = 60_000;
/** The unit of thresholds in deviations (`schemas/rule_conditions.py`). */
const DEVIATIONS = "sd";
/** Bounds of evidence and of ranks, whose thresholds are on no scale of the value, and such readings in expressions ("nats >="). */
const OFF_SCALE = ["rises", "falls", "rises_below", "falls_below", "top", "bottom", "shift", "nats", "rank"];

/** A bound's threshold on the feature's own scale; undefined where it is on none. */
function thresholdOnScale({ value }, { bound, threshold, unit, baseline, z }) {
  if (typeof threshold !== "number" || OFF_SCALE.includes(bound.split(" ", 1)[0])) return undefined;
  if (unit !== DEVIATIONS || baseline === undefined) return threshold;
  return z ? baseline + (threshold * (value - baseline)) / z : undefined;
}

/** [bound, its threshold on the feature's own scale] of each bound that can be drawn. */
const drawableBounds = (seen) =>
  boundsOf(seen).map((bound) => [bound, thresholdOnScale(seen, bound)]).filter(([, at]) => Number.isFinite(at));

/** The baselines that the bounds compared with, each once; without bounds the one of the feature. */
function baselinesOf(seen) {
  const compared = boundsOf(seen).filter((bound) => bound.baseline !== undefined);
  const all = compared.length ? compared : seen.baseline === undefined ? [] : [seen];
  return [...new Map(all.map((each) => [each.against, each])).values()];
}

/** Value, baselines with their spread, and thresholds, on one scale. */
export function numberLine(name, seen) {
  const { value } = seen;
  // A z-score says how wide the usual spread is.
  const baselines = baselinesOf(seen).map(({ against, baseline, z }) => ({ against, at: baseline, spread: z ? Math.abs((value - baseline) / z) : undefined }));
  const thresholds = drawableBounds(seen);
  const points = [value, ...thresholds.map(([, at]) => at), ...baselines.flatMap(({ at, spread = 0 }) => [at - spread, at + spread])]
    .filter((point) => Number.isFinite(point));
  let [low, high] = [Math.min(...points), Math.max(...points)];
  if (low === high) [low, high] = [low - Math.max(1, Math.abs(low) / 2), high + Math.max(1, Math.abs(high) / 2)];
  if (low > 0 && low < high / 2) low = 0;
  const x = (point) => 20 + (560 * (point - low)) / (high - low);
  const labelled = (point, row, text, style) => svg("text", { x: Math.min(540, Math.max(60, x(point))), y: row, "text-anchor": "middle", class: style }, text);
  const usual = ({ against, at }) => `usually ${formatNumber(at)}` + (baselines.length > 1 && against ? ` (${against})` : "");
  const line = ([bound, at]) => `${bound.bound.replaceAll("_", " ")} ${formatNumber(at)}`;
  // One row of text for each baseline and threshold: two that lie close would cover each other.
  const row = (index) => 74 + 16 * index;
  return svg("svg", { viewBox: `0 0 600 ${row(baselines.length + thresholds.length)}`, role: "img",
    "aria-label": [`${name} is ${formatNumber(value)}`, ...baselines.map(usual), ...thresholds.map(line)].join(", ") },
    svg("line", { class: "axis", x1: 20, x2: 580, y1: 46, y2: 46 }),
    baselines.map(({ at, spread }) => spread !== undefined
      && svg("rect", { class: "spread", x: x(at - spread), width: Math.max(2, x(at + spread) - x(at - spread)), y: 34, height: 24 })),
    baselines.map((each, i) => [svg("line", { class: "baseline", x1: x(each.at), x2: x(each.at), y1: 32, y2: 60 }), labelled(each.at, row(i), usual(each), "faint")]),
    thresholds.map((each, i) => [svg("line", { class: "threshold", x1: x(each[1]), x2: x(each[1]), y1: 28, y2: 64 }), labelled(each[1], row(baselines.length + i), line(each), "faint")]),
    svg("circle", { class: "value", cx: x(value), cy: 46, r: 8 }), labelled(value, 20, formatNumber(value)));
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
export function overTime(place, name, seen, command, events, signal) {
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
  const lines = [...baselinesOf(seen).map(({ baseline }) => ["baseline", baseline]), ...drawableBounds(seen).map(([, at]) => ["threshold", at])]
    .filter(([, at]) => Number.isFinite(at));
  const most = Math.max(1, ...values, ...lines.map(([, at]) => at)) * 1.1;
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line") }, ticks: { stroke: colour("line") } };
  const width = () => Math.max(240, place.clientWidth);
  const plot = new uPlot({
    width: width(), height: 180, cursor: { show: false }, legend: { show: false },
    scales: { y: { range: [0, most] } },
    axes: [{ ...axis, space: 70, values: (_, marks) => marks.map((mark) => formatTime(mark * 1000)) }, { ...axis, size: 55 }],
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
