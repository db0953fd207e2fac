/** Sends events in batches: soon, again after a failure, and without losing them when the page goes. */

import { backoffMs } from "./backoff.js";
import { guarded } from "./guard.js";
import { json } from "./json.js";
import {
  FLUSH_DELAY_MS,
  MAX_BATCH_CHARS,
  MAX_IN_FLIGHT,
  MAX_QUEUED_EVENTS,
  MAX_STORED_AGE_MS,
  MAX_STORED_CHARS,
  REQUEST_TIMEOUT_MS,
  now,
} from "./limits.js";
import { read, write } from "./store.js";

/**
 * @typedef {object} Answer what the collector says to a batch
 * @property {string} [push_token]
 * @property {number} [push_token_expires_at_ms]
 */

/** An event is held as the line of JSON it is sent as, and a line begins with its session. @param {string} line */
const sessionOf = (line) => line.split('"', 4)[3];

/**
 * @param {string} url
 * @param {string} name of the list in the request
 * @param {string} key
 * @param {() => boolean} may whether anything may be sent or stored
 * @param {(answer: Answer, session: string) => void} answered
 */
export const outbox = (url, name, key, may, answered) => {
  /** @type {string[]} */
  let waiting = [];
  /** @type {Set<string[]>} */
  const inFlight = new Set();
  let refused = false;
  let failures = 0;
  let notBefore = 0;
  let dueAt = 0;
  let timer = 0;

  const early = () => now() < notBefore;
  const ready = () => waiting.length && !early() && !refused && may() && navigator.onLine;

  /** The oldest lines of one session that fit into one request. */
  const takeBatch = () => {
    let count = 0;
    let size = 0;
    for (const line of waiting) {
      size += line.length;
      if (size > MAX_BATCH_CHARS || sessionOf(line) !== sessionOf(waiting[0])) break;
      count++;
    }
    return waiting.splice(0, count);
  };

  const body = (/** @type {string[]} */ batch) =>
    `{"write_key":${json(key)},"sent_at_ms":${Date.now()},"${name}":[${batch}]}`;

  const scheduleFlush = (/** @type {number} */ delayMs) => {
    const at = Math.max(now() + delayMs, notBefore);
    if (timer && dueAt <= at) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(flush, at - now());
  };

  /** @param {string[]} batch @param {any} [retryAfter] seconds or a date, as a text */
  const requeue = (batch, retryAfter) => {
    waiting = [...batch, ...waiting].slice(-MAX_QUEUED_EVENTS);
    const askedMs = +retryAfter * 1000 || Date.parse(retryAfter) - Date.now();
    notBefore = now() + Math.max(backoffMs(failures++), askedMs || 0);
  };

  const send = async (/** @type {string[]} */ batch) => {
    inFlight.add(batch);
    try {
      const answer = await fetch(url, {
        method: "POST",
        body: body(batch), // a string goes as text/plain, which asks for no preflight
        credentials: "omit",
        keepalive: `${[...inFlight]}`.length < MAX_BATCH_CHARS,
        signal: AbortSignal.timeout?.(REQUEST_TIMEOUT_MS),
      });
      const { ok, status } = answer;
      if (ok) {
        failures = 0;
        answered(await answer.json().catch(() => ({})), sessionOf(batch[0]));
      } else if (status > 499 || status === 429 || status === 408) {
        requeue(batch, answer.headers.get("Retry-After"));
      } else {
        // Another try would be refused alike; without a valid key every batch would.
        refused ||= status === 401 || status === 403;
      }
    } catch {
      requeue(batch);
    }
    inFlight.delete(batch);
    if (waiting.length) scheduleFlush(inFlight.size > MAX_IN_FLIGHT - 2 ? 0 : FLUSH_DELAY_MS);
  };

  const flush = guarded(() => {
    timer = 0;
    if (early()) return scheduleFlush(0);
    // A page may have made `fetch` throw at once: then the batch waits again before this looks.
    while (inFlight.size < MAX_IN_FLIGHT && ready()) send(takeBatch());
  });

  /** Sends what waits without an answer: the page may never run again. */
  const sendBeacons = guarded(() => {
    while (ready() && navigator.sendBeacon(url, body(takeBatch())));
  });

  return {
    sendBeacons,

    /** @param {string} line @param {boolean} urgent */
    add: (line, urgent) => {
      if (line.length > MAX_BATCH_CHARS) return;
      waiting = [...waiting, line].slice(-MAX_QUEUED_EVENTS);
      scheduleFlush(urgent ? 0 : FLUSH_DELAY_MS);
    },

    /** The network is back, or the reader has agreed: no need to wait any longer. */
    retry: () => {
      failures = notBefore = 0;
      scheduleFlush(0);
    },

    /** Takes up what an earlier page left behind. */
    resume: guarded(() => {
      if (!may()) return;
      const oldest = Date.now() - MAX_STORED_AGE_MS;
      const lines = (read("queue") ?? "").split("\n");
      write("queue", null);
      waiting.unshift(...lines.filter((line) => +line.split(/[:,]/, 4)[3] > oldest));
      scheduleFlush(FLUSH_DELAY_MS);
    }),

    /**
     * The page may never run again. Nobody answers a beacon, so what it carried is kept as well, and what is still
     * unanswered too: the next page sends it again, and the collector drops what it has, by event_id.
     */
    leave: guarded(() => {
      if (!may() || refused) return;
      const unsure = new Set([...(read("queue") ?? "").split("\n"), ...[...inFlight].flat(), ...waiting]);
      let lines = [...unsure].join("\n");
      while (lines.length > MAX_STORED_CHARS) lines = lines.slice(lines.indexOf("\n") + 1);
      write("queue", lines);
      sendBeacons();
      // A tab that was only hidden goes on with what could not be stored.
      if (read("queue") === lines) waiting = [];
    }),

    clear: () => {
      waiting = [];
    },
  };
};
