// Fetches new lines once a second and prepends them. Everything visitors have sent is shown as text, never as markup.

const SHOWN = 200;
const at = (id) => document.getElementById(id);
const seen = { good: 0, bad: 0 };
let paused = false;

/** @param {string} name @param {string} text @param {...Node} children */
function element(name, text, ...children) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...children);
  return made;
}

/** @param {number} ms */
const timeOf = (ms) => element("time", new Date(ms).toLocaleTimeString());

/** @param {string} base64 */
function original(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

/** @param {any} line */
function good({ event }) {
  const about = [event.session_id, event.content_id, event.element].filter(Boolean).join(" · ");
  const details = element("details", "", element("summary", `${event.type} ${about}`));
  details.append(element("pre", JSON.stringify(event, null, 2)));
  return element("li", "", timeOf(event.received_at_ms), " ", details);
}

/** @param {any} line */
function bad({ rejected }) {
  const details = element("details", "", element("summary", "", element("strong", rejected.reason), ` ${rejected.detail}`));
  details.append(element("pre", original(rejected.original)));
  return element("li", "", timeOf(rejected.seen_at_ms), ` ${rejected.stage} `, details);
}

/** @param {"good" | "bad"} kind @param {(line: any) => Node} draw */
async function fetchNew(kind, draw) {
  const answer = await fetch(`${kind}?after=${seen[kind]}&limit=${SHOWN}`);
  if (answer.status === 401) throw new Error("open this page at the address that `microadjust gateway` printed");
  if (!answer.ok) throw new Error((await answer.json()).error);
  const { total, lines } = await answer.json();
  const list = at(kind);
  // Fewer than before: the list was cleared.
  if (total < seen[kind]) list.replaceChildren();
  seen[kind] = total;
  at(`${kind}s`).textContent = String(total);
  list.prepend(...lines.map(draw));
  while (list.childElementCount > SHOWN) list.lastElementChild?.remove();
}

async function refresh() {
  if (!paused) {
    try {
      await Promise.all([fetchNew("good", good), fetchNew("bad", bad)]);
      at("state").textContent = "live";
    } catch (error) {
      at("state").textContent = String(error instanceof Error ? error.message : error);
    }
  }
  setTimeout(refresh, 1000);
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  at("state").textContent = paused ? "paused" : "live";
});
at("reset").addEventListener("click", () => fetch("reset", { method: "POST" }));
refresh();
