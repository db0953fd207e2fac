/** What the page's markup says: `data-adjust-…` attributes, and where on the page something is. */

/**
 * @typedef {object} Fields what may stand in an event, see schemas/events.py
 * @property {string | null} [element]
 * @property {string | null} [placement]
 * @property {string | null} [content_id]
 * @property {string | null} [content_type]
 * @property {string | null} [page_url]
 * @property {string | null} [user_id]
 * @property {number | string | null} [value]
 * @property {number} [x]
 * @property {number} [y]
 * @property {string} [text]
 * @property {Record<string, unknown>} [properties]
 * @property {Record<string, unknown>} [context]
 */

// Not of the node itself: a form's field of such a name would hide it.
const { closest: closestOf, getAttribute, getAttributeNames } = Element.prototype;

/** The element that an event began at, in an open shadow root too. @param {Event} event @returns {any} */
export const origin = (event) => event.composedPath()[0];

/** @param {any} node in any shadow root @param {string} selector @returns {Element | null} */
export const closest = (node, selector) =>
  node instanceof Element ? (closestOf.call(node, selector) ?? closest(/** @type {any} */ (node.getRootNode()).host, selector)) : null;

/** @param {Element | null} node @param {string} name the part after `data-adjust` */
export const dataAdjust = (node, name) => node && getAttribute.call(node, "data-adjust" + name);

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
  const id = getAttribute.call(node, "id") || getAttribute.call(node, "class")?.trim().split(/\s/)[0];
  /** @type {Record<string, string | null>} */
  const properties = {};
  for (const name of tagged ? getAttributeNames.call(tagged) : []) {
    if (name.startsWith("data-adjust-prop-")) properties[name.slice(17)] = dataAdjust(tagged, name.slice(11));
  }
  return {
    ...content(closest(node, "[data-adjust-content]")),
    element: dataAdjust(tagged, "") || (id ? `${node.localName}#${id}` : node.localName),
    placement: dataAdjust(closest(node, "[data-adjust-placement]"), "-placement"),
    properties,
  };
};

/** What scrolls when the window does. */
export const rootBox = () => document.scrollingElement ?? document.documentElement;

/** Whether the box is large enough to be what is read. @param {Element} box */
export const isPage = (box) => box.clientHeight >= innerHeight / 2;

/** Shares of the page, which is how heat is mapped; see positions.js. @param {MouseEvent} at @returns {Fields} */
export const pagePosition = ({ pageX, pageY }) => {
  const { scrollWidth, scrollHeight } = rootBox();
  return { x: clamp01(pageX / scrollWidth), y: clamp01(pageY / scrollHeight) };
};
