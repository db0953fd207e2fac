/** What an action means in the page's markup. Where the page has no markup for it, nothing is changed. */

/**
 * @typedef {import("./unseen.js").Change} Change
 * @typedef {[node: Element, attribute: string, value: string | null]} Setting null removes
 */

const still = true;

const bearing = (/** @type {string} */ name, /** @type {string} */ value) => `[data-adjust-${name}=${CSS.escape(value)}]`;

/** @param {Setting[]} settings @returns {() => () => void} */
const setting = (settings) => () => {
  const before = settings.map(([node, name]) => /** @type {Setting} */ ([node, name, node.getAttribute(name)]));
  for (const [node, name, value] of settings) {
    if (value == null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
  return setting(before);
};

/** @param {import("./client.js").Command} command @returns {Change[]} */
export const changesFor = ({ action, parameters }) => {
  const { order = [], types = [], kind, text, category, density = "low", language, tone = action, variant = tone } = parameters;
  /** @type {(selector: string) => any[]} */
  const find = (selector) => [...document.querySelectorAll(selector)];

  /** @param {string} selector @param {string} name @param {string | null} value @param {boolean} [still] */
  const marked = (selector, name, value, still) =>
    find(selector).map((where) => ({ where, still, make: setting([[where, name, value]]) }));

  /** Shows one of the siblings that bear the attribute. @param {string} name @param {string} value */
  const switched = (name, value) =>
    find(bearing(name, value) + "[hidden]").map((one) => {
      const all = [...one.parentElement.children].filter((each) => each.hasAttribute("data-adjust-" + name));
      return {
        where: all.find((each) => !each.hidden) ?? one,
        make: setting(all.map((each) => [each, "hidden", each === one ? null : ""])),
      };
    });

  switch (action) {
    case "reorder": {
      // What the command names first goes first, then what is of its kinds, then the rest as it was.
      const rank = (/** @type {any} */ item) =>
        (order.indexOf(item.dataset.adjustContent) + 1 || 1e3) * 1e3 +
        (types.indexOf(item.dataset.adjustType) + 1 || 1e3);
      return find("[data-adjust-list]").flatMap((where) => {
        const sorted = () => [...where.children].sort((a, b) => rank(a) - rank(b));
        const make = () => {
          const items = [...where.children];
          where.append(...sorted());
          return () => where.append(...items.filter((item) => where.contains(item)));
        };
        return sorted().every((item, at) => item === where.children[at]) ? [] : { where, make };
      });
    }
    case "lighten_media":
      return find("[data-adjust-light]").flatMap((where) => {
        // What has been loaded is not saved by loading something else, and a film that is being watched goes on.
        if ((where.complete ?? where.readyState) && !where.closest("[data-adjust-when=now]")) return [];
        return { where, still, make: setting([[where, "srcset", null], [where, "autoplay", null], [where, "src", where.dataset.adjustLight]]) };
      });
    case "highlight_related":
      return marked("[data-adjust-placement]" + bearing("type", category), "data-adjust-highlight", "", still);
    case "simplify_layout":
      return marked("[data-adjust-layout]", "data-adjust-layout", density);
    case "localise":
      return switched("lang", language);
    case "prompt":
      // The site's own box, which lies over the page. A command brings text for it, never markup.
      find(bearing("prompt", kind) + " [data-adjust-text]").forEach((node) => (node.textContent = text ?? node.textContent));
      return marked(bearing("prompt", kind), "hidden", null, still);
  }
  // Simplify, shorten, expand, enrich, visualise, set_length, set_tone: another variant of the same text.
  return switched("variant", variant);
};
