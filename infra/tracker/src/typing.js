/** That the reader writes into a field: not what, nor into which one. Keys are not listened to: the caret moves. */

/** Between two tellings; the job takes it for typing for ten seconds (`models/arbitration/typing_pause.py`). */
const EVERY_MS = 8_000;

/** @param {import("./adjust.js").Internals} internals */
export const typing = ({ event, listen }) => {
  let toldAt = -EVERY_MS;
  listen(document, "selectionchange", ({ timeStamp }) => {
    if (!document.activeElement?.matches(":read-write") || timeStamp - toldAt < EVERY_MS) return;
    toldAt = timeStamp;
    event("custom", { element: "adjust-typing", properties: { name: "typing" } });
  });
};
