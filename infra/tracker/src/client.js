/** The adjustment client: hears commands, carries them out where nobody is looking, and says what became of them. */

import { changesFor } from "./adapters.js";
import { connection } from "./push.js";
import { whenUnseen } from "./unseen.js";

/**
 * @typedef {object} Command see schemas/commands.py
 * @property {string} command_id
 * @property {number} expires_at_ms
 * @property {string} action
 * @property {Record<string, any>} parameters
 * @property {string} reverts id of the command that a `revert` takes back
 */

/** @param {import("./adjust.js").Adjust} adjust */
export const start = (adjust) => {
  const { gateway, key, granted, guarded, handlers, json, session } = adjust;
  const box = adjust.outbox(gateway + "/v1/outcomes", "outcomes", key, granted, () => {});
  /** What has been told of each command; one that comes again is dropped. @type {Map<string, string>} */
  const told = new Map();
  const tell = (/** @type {string} */ command_id, /** @type {string} */ status) => {
    if (told.get(command_id) && status !== "reverted") return;
    told.set(command_id, status);
    box.add(json({ session_id: session(), occurred_at_ms: Date.now(), command_id, status }), true);
  };

  /** What was done: what to do again on the next page, if anything, and how to undo it. @type {Map<string, [Command | undefined, ...any[]]>} */
  const inForce = new Map();

  const carryOut = async (/** @type {Command} */ command) => {
    const { command_id: id, action, reverts, expires_at_ms: expiresAt } = command;
    const say = (/** @type {string} */ status) => tell(id, status);
    try {
      if (Date.now() >= expiresAt) {
        inForce.delete(id);
        return say("ignored");
      }
      let again;
      let undo = handlers[action] ? await handlers[action](command) : false;
      if (undo !== false) say("applied");
      else if (action !== "revert") {
        // A reader is asked once.
        if (action !== "prompt") again = command;
        undo = whenUnseen(changesFor(command), expiresAt, guarded, say);
      } else {
        const [, ...undos] = inForce.get(reverts) ?? [];
        if (!undos.length) return say("ignored");
        inForce.delete(reverts);
        undos.forEach((each) => each?.call?.());
        tell(reverts, "reverted");
        return say("applied");
      }
      inForce.set(id, [...(inForce.get(id) ?? [again]), undo]);
    } catch {
      say("failed");
    }
  };

  connection(adjust, (/** @type {Command} */ command) => {
    if (!command.command_id || told.has(command.command_id)) return;
    told.set(command.command_id, "");
    carryOut(command);
  });

  // Another page of a single-page application begins without what was done to the one before.
  adjust.openings.push(() => inForce.forEach(([again]) => again && carryOut(again)));
};
