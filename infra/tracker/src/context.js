import { dataAdjust } from "./dom.js";

/** Where and on what the reader reads, as far as the browser tells. Browser, system and place are the collector's to find. */
export const context = () => {
  const { connection, language, languages } = /** @type {any} */ (navigator);
  const touch = matchMedia("(pointer: coarse)").matches;
  return {
    device: !touch ? "desktop" : Math.min(screen.width, screen.height) < 600 ? "mobile" : "tablet",
    language,
    languages: `${languages}`,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    // Read each time: an application may learn it when somebody signs in. Empty is unknown.
    user_expertise: dataAdjust(document.querySelector("[data-adjust-key]"), "-expertise") || null,
    rtt_ms: connection?.rtt,
    downlink_kbps: Math.round(connection?.downlink * 1000),
    save_data: connection?.saveData,
    viewport_w: innerWidth,
    viewport_h: innerHeight,
  };
};
