/**
 * The tracker: one script tag; it records what readers do and sends it to the collector.
 *
 *     <script type="module" src="https://gateway.example/t/adjust.js" data-adjust-key="blog:public-key"></script>
 */

import { clicks } from "./clicks.js";
import { context } from "./context.js";
import { recorder } from "./events.js";
import { guarded, listen } from "./guard.js";
import { json } from "./json.js";
import { closest, dataAdjust, describeElement, pageContent, pagePosition, pageUrl } from "./dom.js";
import { outbox } from "./outbox.js";
import { trackEngagement } from "./engagement.js";
import { scrolling } from "./scrolling.js";
import { sessions } from "./session.js";
import { write } from "./store.js";

/**
 * @typedef {import("./dom.js").Fields} Fields
 * @typedef {"pending" | "granted" | "denied"} Consent
 * @typedef {(command: any) => any} Handler see client.js
 */

/** So long a single-page application may take to show what belongs to a new address, unless the tag or a call says otherwise. */
const RENDERED_MS = 100;

const begin = () => {
  const script = document.querySelector("script[data-adjust-key]");
  const setting = (/** @type {string} */ name) => dataAdjust(script, "-" + name) ?? "";
  const gateway = setting("gateway") || new URL(import.meta.url).origin;

  // Global Privacy Control is a refusal, whatever the page says.
  const refused = /** @type {any} */ (navigator).globalPrivacyControl && setting("gpc") !== "ignore";
  /** @type {Consent} */
  let consent = refused ? "denied" : /** @type {Consent} */ (setting("consent") || "granted");
  const granted = () => consent === "granted";

  /** @type {string | null} */
  let user = null;
  const session = sessions(granted);
  const box = outbox(
    gateway + "/v1/events",
    "events",
    setting("key"),
    granted,
    guarded((answer, session) => {
      internals.pushCredentials = { ...answer, session };
      internals.onCredentials();
    }),
  );

  /** Whoever says no leaves nothing behind, of earlier pages either. */
  const applyConsent = () => {
    if (consent === "denied") {
      box.clear();
      write("queue", null);
      write("session", null);
    }
    box.resume();
  };

  let url = "";
  const address = () => pageUrl() + location.search;
  /** @type {Fields} */
  let page = {};
  /** What is left is reported with the page it belongs to, even if the next has taken its address already. */
  const where = () => (url === address() ? (page = { page_url: pageUrl(), ...pageContent() }) : page);

  const record = guarded(recorder(session, () => ({ ...where(), user_id: user }), box.add));

  /** @type {(type: string, fields?: Fields) => void} */
  const event = (type, fields) => {
    if (consent !== "denied") record(type, fields);
  };

  /** What a page may call. None of it ever throws. */
  const adjust = {
    /** Any event of the contract. */
    event,
    /** A custom event with parameters. */
    track: guarded((/** @type {string} */ name, /** @type {Record<string, unknown>} */ properties, /** @type {number} */ value) =>
      event("custom", { value, properties: { ...properties, name } }),
    ),
    /** A rating from 1 to 5, a text, or both. */
    feedback: guarded((/** @type {number | null} */ value, /** @type {string} */ text, /** @type {Fields} */ fields) =>
      event("feedback", { ...fields, value, text }),
    ),
    conversion: (/** @type {string} */ name, /** @type {number} */ value) =>
      event("conversion", { value, properties: { name } }),
    /** The visitor, where the site knows one; null again when signed out. */
    identify: (/** @type {string | null} */ id) => {
      user = id;
    },

    consent: guarded((/** @type {Consent} */ given) => {
      if (refused) return;
      consent = given;
      applyConsent();
      internals.onCredentials();
    }),

    /**
     * The page's own ways to carry out actions. One may return false (not handled), a promise, or how to undo it.
     * @type {Record<string, Handler>}
     */
    handlers: {},

    /** Another page of an application is shown now. */
    page: () => {},
    /** Asks for the reader's place; see geolocation.js. */
    locate: () => {},
  };

  /** What the parts share with each other and not with the page. */
  const internals = {
    adjust,
    event,
    /** Work to be done before the page is left or hidden. @type {(() => void)[]} */
    onHide: [],
    /** Work to be done when another page is shown. @type {(() => void)[]} */
    onShow: [],
    /** The collector's last answer, and its session. @type {import("./outbox.js").Answer & { session?: string }} */
    pushCredentials: {},
    onCredentials: () => {},
    gateway,
    key: setting("key"),
    granted,
    session,
    context,
    outbox,
    json,
    closest,
    describeElement,
    pagePosition,
    guarded,
    listen,
  };

  const start = guarded(() => {
    const idleMs = (+setting("idle-s") || 60) * 1000;
    const sendEngagedTime = trackEngagement(idleMs, (ms) => event("heartbeat", { value: ms }));
    const scrolls = scrolling(event);
    clicks(event);

    let openedAt = 0;
    let shown = false;
    let sentContext = "";
    let timer = 0;

    const open = () => {
      url = address();
      openedAt = performance.now();
      shown = true;
      scrolls.begin();
      internals.onShow.forEach((begin) => guarded(begin)());
      event("page_view", { context: context(), properties: { referrer: document.referrer.split(/[?#]/)[0] } });
      sendContext();
    };
    const close = () => {
      if (!shown) return;
      shown = false;
      scrolls.tell();
      internals.onHide.forEach((end) => guarded(end)());
      sendEngagedTime();
      event("page_hide", {
        value: Math.round(performance.now() - openedAt),
        properties: { depth: scrolls.deepest() },
      });
    };
    const hide = () => {
      close();
      box.leave();
    };
    const sendContext = () => {
      if (shown && sentContext !== (sentContext = json(context()))) event("context", { context: context() });
    };

    adjust.page = guarded(() => {
      clearTimeout(timer);
      close();
      open();
    });
    // The page's own history functions are left alone: a page has changed when its address has.
    const follow = () => {
      if (!shown || url === address()) return;
      close();
      timer = setTimeout(adjust.page, +setting("rendered-ms") || RENDERED_MS);
    };

    listen(document, "visibilitychange", () => {
      if (document.hidden) return hide();
      box.resume();
      if (!url) return open();
      shown = true;
      sendContext();
    });
    listen(window, "pagehide", hide);
    listen(window, "pageshow", ({ persisted }) => persisted && open());
    listen(window, "online", box.retry);
    listen(window, "popstate click", () => setTimeout(guarded(follow)));
    listen(/** @type {any} */ (window).navigation, "currententrychange", follow);
    listen(/** @type {any} */ (navigator).connection, "change", sendContext);
    listen(screen.orientation, "change", sendContext);

    applyConsent();
    // A tab opened in the background is read when it is looked at.
    if (!document.hidden) open();
    for (const part of (dataAdjust(script, "-parts") ?? "movements client").split(" ")) {
      if (part) import(new URL(`./${part}.js`, import.meta.url).href).then((module) => module.start(internals)).catch(() => {});
    }
  });

  if (setting("key")) {
    // A page that is only prerendered may never be seen.
    if (/** @type {any} */ (document).prerendering) listen(document, "prerenderingchange", start);
    else start();
  }
  guarded(() => (/** @type {any} */ (window).microadjust = adjust))();
  return internals;
};

/** @typedef {ReturnType<typeof begin>} Internals */

/** Undefined only where a page has broken what the browser offers. */
export const adjust = /** @type {Internals["adjust"]} */ (guarded(begin)()?.adjust);
