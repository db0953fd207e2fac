/** The reader's place, to a tenth of a degree (11 km): only where the page has asked the reader and calls for it. */

/** @param {import("./adjust.js").Adjust} adjust */
export const locating = (adjust) => {
  adjust.locate = adjust.guarded(() => {
    if (!adjust.granted()) return;
    navigator.geolocation.getCurrentPosition(
      adjust.guarded(({ coords }) => {
        const properties = { latitude: coords.latitude.toFixed(1), longitude: coords.longitude.toFixed(1) };
        adjust.event("context", { context: adjust.context(), properties });
      }),
      () => {},
    );
  });
};
