/** Where and on what the reader reads, as far as the browser tells. Browser, system and place are the collector's to find. */
export const context = () => {
  const { connection, language, languages } = /** @type {any} */ (navigator);
  const touch = matchMedia("(pointer: coarse)").matches;
  return {
    device: !touch ? "desktop" : Math.min(screen.width, screen.height) < 600 ? "mobile" : "tablet",
    language,
    languages: `${languages}`,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    rtt_ms: connection?.rtt,
    downlink_kbps: connection && Math.round(connection.downlink * 1000),
    save_data: connection?.saveData,
    viewport_w: innerWidth,
    viewport_h: innerHeight,
  };
};
