/** The adjustment client: receives commands, applies them out of the reader's sight, and reports their outcomes. */

import { changesFor } from "./adapters.js";
import { contextChanges } from "./context_changes.js";
import { applyOffscreen } from "./deferred_changes.js";
import { geolocation } from "./geolocation.js";
import { naturalBreak } from "./natural_break.js";
import { connection } from "./push.js";

/**
 * @typedef {object} Command see schemas/commands.py
 * @property {string} command_id
 * @property {number} expires_at_ms
 * @property {string} action
 * @property {Record<string, any>} parameters
 * @property {string} reverts id of the command that a `revert` takes back
 * @property {string} [apply] `at_break` where it should wait for a natural break
 */

/** Characters of an outcome's reason, as in schemas/outcomes.py. */
const MAX_REASON = 128;

/** @param {import("./adjust.js").Internals} internals */
export const start = (internals) => {
  const { gateway, guarded, key, granted, json, session, outbox, onHide } = internals;
  const { handlers } = internals.adjust;
  const box = outbox(gateway + "/v1/outcomes", "outcomes", key, granted, () => {});
  onHide.push(box.sendBeacons);
  /** The outcome reported of each command; one that comes again is dropped. @type {Map<string, string>} */
  const outcomes = new Map();
  /** @param {string} command_id @param {string} status @param {string} [reason] */
  const reportOutcome = (command_id, status, reason) => {
    if (outcomes.get(command_id) && status !== "reverted") return;
    outcomes.set(command_id, status);
    box.add(json({ session_id: session(), occurred_at_ms: Date.now(), command_id, status, reason }), true);
  };

  /** What was done: what to do again on the next page, if anything, and how to undo it. @type {Map<string, [Command | undefined, ...any[]]>} */
  const inForce = new Map();

  const carryOut = async (/** @type {Command} */ command) => {
    const { command_id: id, action, reverts, expires_at_ms: expiresAt } = command;
    /** @param {string} status @param {string} [reason] */
    const report = (status, reason) => reportOutcome(id, status, reason);
    let isOver;
    try {
      if (command.apply === "at_break") {
        inForce.set(id, [,]);
        await naturalBreak(internals);
        // On another page it is carried out at once.
        command.apply = "";
        // Taken back meanwhile, or meant for who has signed out.
        isOver = !inForce.delete(id);
      }
      if (isOver || Date.now() >= expiresAt) {
        inForce.delete(id);
        return report("ignored");
      }
      let again;
      let undo = Object.hasOwn(handlers, action) ? await handlers[action](command) : false;
      if (undo !== false) report("applied");
      else if (action !== "revert") {
        const changes = changesFor(command);
        if (!changes) return report("failed", `unknown action ${action}`.slice(0, MAX_REASON));
        // A reader is asked once.
        if (action !== "prompt") again = command;
        undo = applyOffscreen(changes, expiresAt, internals, report);
      } else {
        const [, ...undos] = inForce.get(reverts) ?? [];
        inForce.delete(reverts);
        if (!undos.length) return report("ignored");
        undos.forEach((each) => each?.call?.());
        reportOutcome(reverts, "reverted");
        return report("applied");
      }
      inForce.set(id, [...(inForce.get(id) ?? [again]), undo]);
    } catch {
      report("failed");
    }
  };

  contextChanges(internals);
  geolocation(internals);
  connection(internals, (/** @type {Command} */ command) => {
    if (!command.command_id || outcomes.has(command.command_id)) return;
    outcomes.set(command.command_id, "");
    carryOut(command);
  });

  // What is in force was meant for who was signed in, and so is the session that it belongs to.
  const { identify } = internals.adjust;
  internals.adjust.identify = guarded((id) => {
    const { user } = internals;
    identify(id);
    if (user === null || user === internals.user) return;
    inForce.forEach(([, ...undos], command) => {
      undos.forEach((each) => each?.call?.());
      if (undos.length) reportOutcome(command, "reverted");
    });
    inForce.clear();
  });

  // Another page of a single-page application begins without what was done to the one before.
  internals.onShow.push(() => inForce.forEach(([again]) => again && carryOut(again)));
};
