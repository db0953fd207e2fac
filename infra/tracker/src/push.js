/** Receives commands: by WebSocket, or by server-sent events where there is none. */

import { backoffMs } from "./backoff.js";

const HEALTHY_MS = 30_000;

/**
 * @param {import("./adjust.js").Internals} internals
 * @param {(command: any) => void} receive
 */
export const connection = (internals, receive) => {
  const { gateway, guarded, listen } = internals;
  /** @type {WebSocket | EventSource | null} */
  let channel = null;
  let session = "";
  let lastId = "";
  let failures = 0;
  let timer = 0;

  const close = () => {
    clearTimeout(timer);
    timer = 0;
    channel?.close();
    channel = null;
  };

  const connect = guarded(() => {
    close();
    // The gateway tells the public id: the secret one is not for the logs of proxies.
    const { push_token: token, session: of, session_id = of } = /** @type {any} */ (internals.pushCredentials);
    if (!token || !internals.granted()) return;
    // Ids count within a session's stream: another session starts without one.
    if (of !== session) lastId = "";
    session = of;
    // Two tries by WebSocket, two by server-sent events, and round again.
    const byEvents = failures % 4 > 1;
    // A browser opens six connections to a server without HTTP/2: a tab that nobody looks at takes none of them.
    if (byEvents && document.hidden) return;
    const query = "?" + new URLSearchParams({ session_id, token, last_id: lastId });
    const url = gateway + "/v1/push";
    const mine = byEvents ? new EventSource(url + "/events" + query) : new WebSocket(url.replace("http", "ws") + query);
    const since = Date.now();
    channel = mine;
    mine.onmessage = ({ data }) =>
      // Not JSON.parse, which a page may have replaced.
      new Response(data).json().then(
        guarded(({ id, command }) => {
          lastId = id;
          receive(command);
        }),
        () => {},
      );
    const lost = guarded(() => {
      if (channel !== mine) return;
      close();
      if (Date.now() - since > HEALTHY_MS) failures = 0;
      timer = setTimeout(connect, backoffMs(failures++));
    });
    listen(mine, "error close", lost);
  });

  internals.onCredentials = () => {
    if ((!channel && !timer) || internals.pushCredentials.session !== session || !internals.granted()) connect();
  };
  // A page that is shown for the first time connects below.
  listen(window, "online pageshow", ({ persisted }) => persisted !== false && connect());
  listen(document, "visibilitychange", () => {
    if (document.hidden) channel instanceof EventSource && close();
    else if (!channel && !timer) connect();
  });
  // An open connection would keep the page from being kept for the way back.
  listen(window, "pagehide", close);
  connect();
};
