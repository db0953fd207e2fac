/** An event as it is sent: the contract's fields, cut to the contract's lengths. */

import { json, randomId } from "./json.js";

/** @typedef {import("./dom.js").Fields} Fields */

/** Characters, as in schemas/events.py. UTF-16 units are never fewer than characters, so a cut here always fits. */
const MAX_LENGTHS = Object.entries({
  user_id: 128,
  content_id: 256,
  content_type: 64,
  page_url: 2048,
  element: 256,
  placement: 64,
  text: 10_000,
});
const MAX_PROPERTIES = 64;
const MAX_PROPERTY_CHARS = 500;

/** Fast-lane events, and conversions that a page is left with: they are sent at once. */
const URGENT = /click|feedback|context|conversion/;

/**
 * @param {() => string} session
 * @param {() => Fields} where what is true of all events of this page
 * @param {(line: string, urgent: boolean) => void} send
 */
export const recorder = (session, where, send) => {
  const page = randomId();
  let count = 0;
  return (/** @type {string} */ type, /** @type {Fields} */ fields = {}) => {
    /** @type {Record<string, unknown>} */
    const event = {
      session_id: session(),
      occurred_at_ms: Date.now(),
      event_id: `${page}-${++count}`,
      type,
      ...where(),
      ...fields,
    };
    for (const [name, maxLength] of MAX_LENGTHS) {
      if (event[name] != null) event[name] = `${event[name]}`.slice(0, maxLength);
    }
    // Values out of a form are texts. What is no number is left out.
    if (typeof event.value === "string") event.value = +(event.value.trim() || NaN);
    const properties = Object.entries(fields.properties ?? {}).filter(([, value]) => value != null);
    // The last of too many: an event's own name comes last.
    event.properties = Object.fromEntries(
      properties.slice(-MAX_PROPERTIES).map(([name, value]) => [name, `${value}`.slice(0, MAX_PROPERTY_CHARS)]),
    );
    send(json(event), URGENT.test(type));
  };
};
