/** The reader's place, to a tenth of a degree (11 km): only where the page has asked the reader and calls for it. */

/** @param {import("./adjust.js").Internals} internals */
export const geolocation = ({ adjust, context, granted, guarded }) => {
  adjust.locate = guarded(() => {
    if (!granted()) return;
    navigator.geolocation.getCurrentPosition(
      guarded(({ coords }) => {
        const properties = { latitude: coords.latitude.toFixed(1), longitude: coords.longitude.toFixed(1) };
        adjust.event("context", { context: context(), properties });
      }),
      () => {},
    );
  });
};
