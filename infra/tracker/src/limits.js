/** How much the outbox holds, and how long it waits. In a file without imports, so that esbuild writes the numbers where they are used. */

export const FLUSH_DELAY_MS = 1_000; // the job takes an event for late 2 s after it occurred
/** UTF-16 units, of at most three bytes each: browsers let 64 KiB outlive a page. */
export const MAX_BATCH_CHARS = 20_000;
export const MAX_QUEUED_EVENTS = 1_000;
export const MAX_STORED_CHARS = 200_000;
export const MAX_STORED_AGE_MS = 23 * 3_600_000; // the contract refuses what is older than 24 h
export const MAX_IN_FLIGHT = 3;
export const REQUEST_TIMEOUT_MS = 20_000;
export const MAX_BACKOFF_MS = 60_000;

/** A clock that nobody sets back. */
export const now = () => performance.now();
