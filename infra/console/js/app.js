/** Which page is shown. A page is a function of (place, parts of the address, signal); the signal ends what it has begun. */

import { el, problem } from "./dom.js";
import { heat } from "./heat.js";
import { health } from "./health.js";
import { live } from "./live.js";
import { matrix } from "./matrix.js";
import { models } from "./models.js";
import { rules } from "./rules.js";
import { segments } from "./segments.js";
import { session } from "./session.js";
import { explain } from "./explain.js";

const pages = { live, why: explain, rules, matrix, models, segments, heat, session, health };
const main = document.getElementById("main");
let ending = new AbortController();

function parts() {
  return location.hash.replace(/^#\/?/, "").split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

async function show() {
  ending.abort();
  ending = new AbortController();
  const { signal } = ending;
  const [name, ...rest] = parts();
  const known = Object.hasOwn(pages, name) ? name : "live";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#/${known}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = el("div");
  main.replaceChildren(place);
  try {
    await pages[known](place, rest, signal);
  } catch (error) {
    if (!signal.aborted) place.append(problem(error));
  }
}

// The address says which page is shown: skipping to it must not change that.
document.querySelector(".skip").addEventListener("click", (click) => {
  click.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
});
// Canvases have the colours of the scheme in which they were drawn.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
show();
