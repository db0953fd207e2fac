/** The demo site's own script: pages without reloading, the feedback box, and a list of what has changed. */

const article = document.getElementById("article");
const changes = document.getElementById("changes");

/** What has changed since the page was opened, for whoever drives the browser. @type {{ what: string, at: number }[]} */
const seen = [];
Object.assign(window, { demoChanges: seen });

function changed(what) {
  if (!seen.length) changes.replaceChildren();
  seen.push({ what, at: performance.now() });
  const line = document.createElement("li");
  line.textContent = `${new Date().toLocaleTimeString()}: ${what}`;
  changes.append(line);
}

const SAYS = {
  list: "what you opened lately is at the top of the recommended list",
  src: "the pictures are light ones",
  hidden: "the text is another variant",
  language: "the text is in another language",
  "data-adjust-layout": "the layout is simpler",
  "data-adjust-highlight": "something you like is highlighted",
};
let leafing = false;
new MutationObserver((records) => {
  if (leafing) return;
  const kinds = new Set(records.map(({ type, target, attributeName }) =>
    type === "childList" ? (target.matches("[data-adjust-list]") ? "list" : "")
      : target.matches("[data-adjust-prompt]") ? "" : target.matches("[data-adjust-lang]") ? "language" : attributeName));
  for (const kind of kinds) if (SAYS[kind]) changed(SAYS[kind]);
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["src", "hidden", "data-adjust-layout", "data-adjust-highlight"] });

/** Shows another article without loading the page anew; the tracker notices by the address. */
async function leaf(address) {
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  leafing = true;
  article.replaceChildren(...page.getElementById("article").childNodes);
  document.title = page.title;
  scrollTo(0, 0);
  setTimeout(() => { leafing = false; });
}

document.addEventListener("click", (click) => {
  const link = click.target.closest("a[href^='/demo/']");
  if (!link || click.metaKey || click.ctrlKey || click.shiftKey || click.button) return;
  click.preventDefault();
  history.pushState(null, "", link.href);
  leaf(link.href);
});
addEventListener("popstate", () => leaf(location.href));

document.getElementById("close").addEventListener("click", ({ target }) => {
  target.closest("[data-adjust-prompt]").hidden = true;
});

document.getElementById("feedback").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const rating = submit.target.elements.rating.value;
  const words = document.getElementById("words").value;
  window.microadjust?.feedback(rating ? Number(rating) : null, words);
  document.getElementById("thanks").textContent = "Thank you.";
});
