/** Tells another context as soon as it is known: the network has become slower, say, or the screen has been turned. */

/** @param {import("./adjust.js").Internals} internals */
export const contextChanges = ({ listen, sendContext }) => {
  listen(/** @type {any} */ (navigator).connection, "change", sendContext);
  listen(screen.orientation, "change", sendContext);
};
