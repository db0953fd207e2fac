/** Elements made from names and texts. What readers wrote gets onto the page here and only here, as text nodes. */

const SVG = "http://www.w3.org/2000/svg";
const SAFE = /^(class|id|for|type|name|value|min|max|step|placeholder|role|title|tabindex|scope|colspan|open|checked|selected|disabled|accept|aria-[a-z]+|x|y|x1|x2|y1|y2|cx|cy|r|rx|width|height|viewBox|d|text-anchor|preserveAspectRatio|inputmode|autocomplete|spellcheck|rows|wrap|readonly|maxlength)$/;

function made(node, given, children) {
  for (const [name, value] of Object.entries(given ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "to") node.setAttribute("href", "#/" + value.map((part) => encodeURIComponent(part)).join("/"));
    else if (name === "api") node.setAttribute("href", "api/" + value.map((part) => encodeURIComponent(part)).join("/"));
    else if (SAFE.test(name)) node.setAttribute(name, value === true ? "" : String(value));
    else throw new TypeError(`no attribute ${name}`);
  }
  for (const child of children.flat(9)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** @param {string} tag @param {object} [given] attributes, `onclick` and the like, `to`: parts of an address in the console, `api`: of one below api/ */
export const el = (tag, given, ...children) => made(document.createElement(tag), given, children);
export const svg = (tag, given, ...children) => made(document.createElementNS(SVG, tag), given, children);

/** A value of the colour scheme, for canvases. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** @param {string[]} heads a head that begins with # is over numbers @param {any[][]} rows */
export function table(heads, rows, empty = "nothing yet") {
  if (!rows.length) return el("p", { class: "faint" }, empty);
  const style = heads.map((head) => (head.startsWith("#") ? "number" : undefined));
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": heads.join(", ") },
    el("table", {},
      el("thead", {}, el("tr", {}, heads.map((head, i) => el("th", { scope: "col", class: style[i] }, head.replace("#", ""))))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, i) => el("td", { class: style[i] }, cell)))))));
}

/** New content in a place that shows itself again and again: a table stays as far to the side as it was, and keeps the focus. */
export function replaceChildrenKeepingFocus(place, ...content) {
  const boxes = () => [...place.querySelectorAll(".scroll")];
  const before = new Map(boxes().map((box) => [box.getAttribute("aria-label"), box]));
  const left = new Map([...before.values()].map((box) => [box, box.scrollLeft]));
  const focused = document.activeElement;
  place.replaceChildren(...content);
  for (const box of boxes()) {
    const old = before.get(box.getAttribute("aria-label"));
    if (!old) continue;
    box.scrollLeft = left.get(old);
    if (old === focused) box.focus({ preventScroll: true });
  }
}

/** What the gateway answers; its own words where it cannot, with `status`, and its list of `problems` where there is one. */
export async function fetchJson(path, signal, given = {}) {
  const answer = await fetch("api/" + path, { ...given, signal, headers: { accept: "application/json", ...given.headers } });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const text = typeof said.problem === "string" ? said.problem : `the gateway answered ${answer.status}`;
  throw Object.assign(new Error(text), { status: answer.status, problems: Array.isArray(said.problems) ? said.problems : [] });
}

export const sendJson = (method, path, body, signal) =>
  fetchJson(path, signal, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });

/** One part of an address between slashes; half a surrogate pair has no encoding. */
export const segment = (text) => encodeURIComponent(text.toWellFormed());

/** Asks in a dialog; true where the user agrees. */
export function confirmed(question, agree) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-label": question, onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    } },
    el("p", {}, question),
    el("div", { class: "bar" },
      el("button", { type: "button", class: "primary", onclick: () => dialog.close("yes") }, agree),
      el("button", { type: "button", onclick: () => dialog.close("no") }, "Cancel")));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export const problem = (error) => el("p", { class: "problem", role: "alert" }, error.message ?? String(error));
