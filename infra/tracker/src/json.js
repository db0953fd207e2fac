/** JSON without `JSON`: a page may have replaced `JSON.stringify`, or given arrays a `toJSON`. */

const escaped = (/** @type {string} */ char) => {
  if (char < " ") return "\\u" + (0x10000 + char.charCodeAt(0)).toString(16).slice(1);
  return char > "\\" ? "\ufffd" : "\\" + char;
};

/**
 * Strings, finite numbers, booleans and objects of these. What is unknown (null, undefined, NaN) is left out, and
 * half a surrogate pair, which is no text and would be refused, becomes the replacement character.
 *
 * @param {unknown} value
 * @returns {string} empty for what cannot be told
 */
export const json = (value) => {
  if (typeof value === "string") {
    // With the u flag the range matches only surrogates that stand alone.
    return `"${value.replace(/["\\\u0000-\u001f\ud800-\udfff]/gu, escaped)}"`;
  }
  if (typeof value === "boolean" || Number.isFinite(value)) return `${value}`;
  if (!value || typeof value !== "object") return "";
  const parts = [];
  for (const [name, each] of Object.entries(value)) {
    const told = json(each);
    if (told) parts.push(`${json(name)}:${told}`);
  }
  return `{${parts.join()}}`;
};

/** @returns {string} 25 letters and digits, about 128 random bits */
export const randomId = () =>
  // Not `crypto.randomUUID`: it is missing where a page is not served over HTTPS.
  [...crypto.getRandomValues(new Uint8Array(25))].map((byte) => (byte % 36).toString(36)).join("");
