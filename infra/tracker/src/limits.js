/** How much the outbox holds, and how long it waits. In a file without imports, so that esbuild writes the numbers where they are used. */

export const SOON_MS = 1_000; // the job takes an event for late 2 s after it occurred
/** UTF-16 units, of at most three bytes each: browsers let 64 KiB outlive a page. */
export const BATCH = 20_000;
export const HELD_EVENTS = 1_000;
export const STORED = 200_000;
export const STORED_MS = 23 * 3_600_000; // the contract refuses what is older than 24 h
export const FLYING = 3;
export const PATIENCE_MS = 20_000;
export const LONGEST_WAIT_MS = 60_000;
