/** What the page's markup says: `data-adjust-…` attributes, and where on the page something is. */

/**
 * @typedef {object} Fields what may stand in an event, see schemas/events.py
 * @property {string | null} [element]
 * @property {string | null} [placement]
 * @property {string | null} [content_id]
 * @property {string | null} [content_type]
 * @property {string | null} [page_url]
 * @property {string | null} [user_id]
 * @property {number | null} [value]
 * @property {number} [x]
 * @property {number} [y]
 * @property {string} [text]
 * @property {Record<string, unknown>} [properties]
 * @property {Record<string, unknown>} [context]
 */

/** @param {any} node @param {string} selector @returns {Element | null} */
export const closest = (node, selector) => node?.closest?.(selector) ?? null;

/** @param {Element | null} node @param {string} name the part after `data-adjust` */
export const dataAdjust = (node, name) => node && node.getAttribute("data-adjust" + name);

/** @param {number} share */
export const clamp01 = (share) => Math.min(1, Math.max(0, Math.round(share * 1e4) / 1e4 || 0));

/** The page without query and fragment: they may hold what is nobody's business. */
export const pageUrl = () => location.origin + location.pathname;

/** The content the page is about: the first that is not placed as a teaser of something else. */
export const pageContent = () => content(document.querySelector("[data-adjust-content]:not([data-adjust-placement])"));

/** @param {Element | null} node @returns {Fields} */
const content = (node) => (node ? { content_id: dataAdjust(node, "-content"), content_type: dataAdjust(node, "-type") } : {});

/** @param {any} node @returns {Fields} whose place it is */
export const describeElement = (node) => {
  const tagged = closest(node, "[data-adjust]");
  const id = node.id || node.classList?.[0];
  /** @type {Record<string, string | null>} */
  const properties = {};
  // Not `attributes`: a form's field of that name would hide it.
  for (const name of tagged?.getAttributeNames() ?? []) {
    if (name.startsWith("data-adjust-prop-")) properties[name.slice(17)] = dataAdjust(tagged, name.slice(11));
  }
  return {
    ...content(closest(node, "[data-adjust-content]")),
    element: dataAdjust(tagged, "") || (id ? `${node.localName}#${id}` : node.localName),
    placement: dataAdjust(closest(node, "[data-adjust-placement]"), "-placement"),
    properties,
  };
};

/** @param {{ pageX: number, pageY: number }} at @returns {Fields} shares of the page, which is how heat is mapped */
export const pagePosition = ({ pageX, pageY }) => {
  const { scrollWidth, scrollHeight } = document.documentElement;
  return { x: clamp01(pageX / scrollWidth), y: clamp01(pageY / scrollHeight) };
};
