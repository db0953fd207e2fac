/** Where readers click, move and stop scrolling, over a picture of the page. */

import { el, fetchJson, problem, replaceChildrenKeepingFocus, table } from "./dom.js";

const EVERY_MS = 4_000;
const WIDE = 1_000;

export async function heat(place, [page = "", device = ""], signal) {
  const pages = await fetchJson("heat/pages", signal);
  place.append(el("h1", {}, "Heatmap"));
  if (!pages.length) {
    place.append(el("p", { class: "faint" }, "No cells on heatmap.v1 yet: `microadjust submit heatmap` starts the job that counts them."));
    return;
  }
  const chosen = pages.find((each) => each.page === page && each.device === device) ?? pages[0];
  const choice = el("select", { "aria-label": "Page", onchange: () => {
    const { page: name, device: on } = pages[choice.selectedIndex];
    location.hash = `#/heat/${encodeURIComponent(name)}/${encodeURIComponent(on)}`;
  } }, pages.map((each) => el("option", { selected: each === chosen }, `${each.page} (${each.device || "unknown device"})`)));
  const since = el("select", { "aria-label": "Period", onchange: () => show() },
    [["1", "this and the last hour"], ["24", "a day"], ["720", "30 days"]].map(([hours, text]) => el("option", { value: hours }, text)));
  const canvas = el("canvas", { role: "img" });
  const blank = el("div", { class: "blank" });
  const paper = el("figure", { class: "page" }, blank, canvas);
  const own = el("input", { type: "file", accept: "image/*", onchange: () => own.files[0] && picture(URL.createObjectURL(own.files[0])) });
  const summary = el("div");
  let layer = "click";
  const layers = ["click", "move", "scroll"].map((name) => el("button", { type: "button", "aria-pressed": String(name === layer), onclick: () => {
    layer = name;
    layers.forEach((button, i) => button.setAttribute("aria-pressed", String(["click", "move", "scroll"][i] === layer)));
    draw();
  } }, { click: "Clicks", move: "Movement", scroll: "Scroll reach" }[name]));
  place.append(el("div", { class: "bar" }, choice, since, layers),
    el("p", {}, el("label", {}, "A picture of the page from this machine", own)), paper, summary);

  let cells;
  const draw = () => {
    if (!cells) return;
    const height = Math.round((WIDE * paper.clientHeight) / Math.max(1, paper.clientWidth));
    [canvas.width, canvas.height] = [WIDE, height];
    if (layer === "scroll") reach(canvas, cells);
    else warmth(canvas, cells, cells[layer]);
    canvas.setAttribute("aria-label", `${layer} heatmap of ${chosen.page}`);
    replaceChildrenKeepingFocus(summary, summaryTable(cells, layer));
  };
  const show = async () => {
    try {
      const from = Date.now() - Number(since.value) * 3_600_000;
      const query = new URLSearchParams({ page: chosen.page, device: chosen.device, since_ms: String(Math.floor(from / 3_600_000) * 3_600_000) });
      cells = await fetchJson(`heat/cells?${query}`, signal);
      draw();
    } catch (error) {
      if (!signal.aborted) summary.replaceChildren(problem(error));
    }
  };
  const picture = (address) => {
    const image = el("img", {});
    image.alt = `The page ${chosen.page}`;
    image.addEventListener("load", () => { (paper.querySelector("img") ?? blank).replaceWith(image); draw(); });
    image.src = address;
  };
  if (chosen.picture) picture(`api/heat/picture?${new URLSearchParams({ page: chosen.page })}`);
  addEventListener("resize", draw, { signal });
  await show();
  if (signal.aborted) return;
  const timer = setInterval(() => document.hidden || show(), EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Draws cells as warmth, the warmest cell at full heat. */
function warmth(canvas, { columns, rows }, points) {
  const [wide, high] = [canvas.width / columns, canvas.height / rows];
  const most = Math.max(1, ...points.map(([, , count]) => count));
  simpleheat(canvas).radius(Math.max(8, wide), Math.max(8, wide * 0.8)).max(most)
    .data(points.map(([column, row, count]) => [(column + 0.5) * wide, (row + 0.5) * high, count])).draw(0.06);
}

/** Bands, darker where fewer readers came. */
function reach(canvas, { reach: bands }) {
  const context = canvas.getContext("2d");
  const high = canvas.height / bands.length;
  const all = Math.max(1, bands[0]);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.font = "bold 18px system-ui, sans-serif";
  bands.forEach((count, band) => {
    context.fillStyle = `rgba(20, 30, 60, ${(0.75 * (1 - count / all)).toFixed(3)})`;
    context.fillRect(0, band * high, canvas.width, high);
    if (band % 2) return;
    const text = `${Math.round((100 * count) / all)} %`;
    context.fillStyle = "rgba(255, 255, 255, .85)";
    context.fillRect(canvas.width - 80, band * high + 2, 76, 24);
    context.fillStyle = "#1d2327";
    context.fillText(text, canvas.width - 70, band * high + 21);
  });
}

/** The same in words, for those who do not see the picture. */
function summaryTable(cells, layer) {
  if (layer === "scroll") {
    const all = Math.max(1, cells.reach[0]);
    const rows = [0, 4, 9, 14, 19].map((band) => [`${band * 5} % of the page`, cells.reach[band], `${Math.round((100 * cells.reach[band]) / all)} %`]);
    return table(["How far", "#Readings", "#Share"], rows);
  }
  const warmest = [...cells[layer]].sort((a, b) => b[2] - a[2]).slice(0, 5);
  const rows = warmest.map(([column, row, count]) => [`${Math.round((100 * (column + 0.5)) / cells.columns)} % across, ${Math.round((100 * (row + 0.5)) / cells.rows)} % down`, count]);
  return table(["The warmest places", "#Count"], rows, "none in this period");
}
