/**
 * The session: one id for all tabs of a site, until the reader has been idle for 30 minutes. It is a secret: the gateway knows
 * its form, derives the session's public id from it, and lets only who knows it read the session.
 */

import { randomId } from "./json.js";
import { read, write } from "./store.js";

const IDLE_MS = 30 * 60_000;
/** Each write is an event in the page's other tabs. */
const WRITE_EACH_MS = 5_000;

/**
 * @param {() => boolean} mayStore without consent the session lives in this page alone
 * @returns {(isEnding?: boolean) => string} the id for something that happens now, or that ends what happened before
 */
export const sessions = (mayStore) => {
  let id = "";
  let lastMs = 0;
  return (isEnding) => {
    if (isEnding && id) return id;
    const now = Date.now();
    const [storedId, storedMs] = read("session")?.split(" ") ?? [];
    // Without a consent there is none. Another tab may have gone on, or begun anew, while this one rested.
    if (storedId && +storedMs > lastMs) [id, lastMs] = [storedId, +storedMs];
    if (now - lastMs > IDLE_MS) id = randomId();
    lastMs = now;
    if (mayStore() && (storedId !== id || now - +storedMs > WRITE_EACH_MS)) write("session", `${id} ${now}`);
    return id;
  };
};
