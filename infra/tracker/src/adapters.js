/** Translates actions into changes of the page's markup. Where the page has no markup for one, nothing is changed. */

/**
 * @typedef {import("./deferred_changes.js").Change} Change
 * @typedef {[node: Element, attribute: string, value: string | null]} Setting null removes
 */

const isVisualOnly = true;

/** Of the document and its open shadow roots. @param {string} selector @param {ParentNode} root @returns {any[]} */
const find = (selector, root = document) =>
  [...root.querySelectorAll(selector), ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => (shadowRoot ? find(selector, shadowRoot) : []))];

/** Actions that show another variant of the same text; the registry (`schemas/actions.py`) names them in this order. */
const VARIANT_ACTIONS =
  "simplify shorten expand enrich visualise set_length set_tone refresh_recommendations".split(" ");

const byAttribute = (/** @type {string} */ name, /** @type {string} */ value) => `[data-adjust-${name}=${CSS.escape(value)}]`;

/**
 * What commands have shown in place of a parent's children, the newest last; the first is what the page showed itself.
 * By attribute, and then by the first child that bears it. @type {Record<string, WeakMap<Element, any[][]>>}
 */
const stacks = {};

/** @param {Setting[]} settings @returns {() => () => void} */
const setting = (settings) => () => {
  const before = settings.map(([node, name]) => /** @type {Setting} */ ([node, name, node.getAttribute(name)]));
  for (const [node, name, value] of settings) {
    if (value == null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
  return setting(before);
};

/** @param {import("./client.js").Command} command @returns {Change[] | undefined} undefined where this build does not know the action */
export const changesFor = ({ action, parameters }) => {
  const { order = [], types = [], kind, text, category, density = "low", language, tone = action, variant = tone } = parameters;

  /** @param {string} selector @param {string} name @param {string | null} value @param {boolean} [isVisualOnly] */
  const setAttributeOn = (selector, name, value, isVisualOnly) =>
    find(selector).map((target) => ({ target, isVisualOnly, apply: setting([[target, name, value]]) }));

  /**
   * Shows one of the siblings that bear the attribute. Undone, it leaves alone what a later command shows; so two commands
   * for one text can be taken back in any order. @param {string} name @param {string} value
   */
  const showVariant = (name, value) =>
    find(byAttribute(name, value)).map((one) => {
      const all = [...one.parentNode.children].filter((each) => each.hasAttribute("data-adjust-" + name));
      const shown = () => all.find((each) => !each.hidden);
      const apply = () => {
        const known = (stacks[name] ??= new WeakMap());
        const stack = known.get(all[0]) ?? [[shown()]];
        const layer = [one];
        const show = () => all.forEach((each) => each.toggleAttribute("hidden", each !== stack.at(-1)?.[0]));
        known.set(all[0], stack);
        stack.push(layer);
        show();
        return () => {
          stack.splice(stack.indexOf(layer), 1);
          show();
          if (!stack[1]) known.delete(all[0]);
        };
      };
      return { target: shown() ?? one, replacement: one, apply };
    });

  switch (action) {
    case "reorder": {
      // What the command names first goes first, then what is of its kinds, then the rest as it was.
      const rank = (/** @type {any} */ item) =>
        (order.indexOf(item.dataset.adjustContent) + 1 || 1e3) * 1e3 +
        (types.indexOf(item.dataset.adjustType) + 1 || 1e3);
      return find("[data-adjust-list]").flatMap((target) => {
        const sorted = () => [...target.children].sort((a, b) => rank(a) - rank(b));
        const apply = () => {
          const items = [...target.children];
          target.append(...sorted());
          return () => target.append(...items.filter((item) => target.contains(item)));
        };
        return sorted().every((item, at) => item === target.children[at]) ? [] : { target, apply };
      });
    }
    case "lighten_media":
      return find("[data-adjust-light]").flatMap((target) => {
        // What has been loaded is not saved by loading something else, and a film that is being watched goes on.
        if ((target.complete ?? target.readyState) && !target.closest("[data-adjust-when=now]")) return [];
        return { target, isVisualOnly, apply: setting([[target, "srcset", null], [target, "autoplay", null], [target, "src", target.dataset.adjustLight]]) };
      });
    case "highlight_related":
      return setAttributeOn("[data-adjust-placement]" + byAttribute("type", category), "data-adjust-highlight", "", isVisualOnly);
    case "simplify_layout":
      return setAttributeOn("[data-adjust-layout]", "data-adjust-layout", density);
    case "localise":
      return showVariant("lang", language);
    case "prompt":
      // The site's own box, which lies over the page. A command brings text for it, never markup.
      find(byAttribute("prompt", kind) + " [data-adjust-text]").forEach((node) => (node.textContent = text ?? node.textContent));
      return setAttributeOn(byAttribute("prompt", kind), "hidden", null, isVisualOnly);
  }
  return VARIANT_ACTIONS.includes(action) ? showVariant("variant", variant) : undefined;
};
