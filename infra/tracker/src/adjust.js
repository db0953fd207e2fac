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
import { clamp01, closest, dataAdjust, describeElement, isPage, origin, pageContent, pagePosition, pageUrl, rootBox } from "./dom.js";
import { now } from "./limits.js";
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
/** How often the address is looked at where the browser has no Navigation API to tell of it. */
const LOOK_MS = 250;
/** Texts that name nobody: what a site's mistake makes of a missing id. */
const NOBODY = /^\s*(null|undefined|NaN|\[object.*)?\s*$/;

const begin = () => {
  const script = document.querySelector("[data-adjust-key]");
  const setting = (/** @type {string} */ name) => dataAdjust(script, "-" + name) ?? "";
  const gateway = setting("gateway") || new URL(import.meta.url).origin;

  // Global Privacy Control is a refusal, whatever the page says.
  const refused = /** @type {any} */ (navigator).globalPrivacyControl && setting("gpc") !== "ignore";
  /** @type {Consent} */
  let consent = refused ? "denied" : /** @type {Consent} */ (setting("consent") || "granted");
  const granted = () => consent === "granted";

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
  let shown = false;
  /** While what is left is told of: it belongs to the session that read it. */
  let isEnding = false;

  const record = guarded(recorder(() => session(isEnding), () => ({ ...where(), user_id: internals.user }), box.add));

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
    conversion: (/** @type {string} */ name, /** @type {number | string} */ value) =>
      event("conversion", { value, properties: { name } }),
    /** The visitor, where the site knows one; null again when signed out. */
    identify: (/** @type {any} */ id) => {
      internals.user = /string|number/.test(typeof id) && !NOBODY.test(id) ? id : null;
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
    /** Who is signed in. @type {string | null} */
    user: null,
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
    /** Tells the context, if it has changed. */
    sendContext: () => {},
    outbox,
    json,
    closest,
    describeElement,
    origin,
    clamp01,
    isPage,
    rootBox,
    /** @type {(at: MouseEvent, node: Element) => Fields} */
    pagePosition,
    /** @type {(node?: Element | null) => Element | undefined} */
    scrollBox: rootBox,
    guarded,
    listen,
    /** The page has answered a click: see clicks.js. */
    onAnswer: () => {},
    /** Where each box stood after its last scrolling: top and left. @type {WeakMap<Element, number[]>} */
    places: new WeakMap(),
    /** Does what a command asks for, which is none of the reader's doing. */
    quietly: (/** @type {() => void} */ work) => work(),
  };

  const start = guarded(() => {
    const idleMs = (+setting("idle-s") || 60) * 1000;
    const engagement = trackEngagement(idleMs, (ms, isActive) => {
      if (isActive) event("custom", { properties: { name: "active" } });
      scrolls.look();
      event("heartbeat", { value: ms });
    });
    const scrolls = scrolling(internals, engagement);
    clicks(internals);

    let openedAt = 0;
    /** 0 while the page is in view. */
    let hiddenAt = 0;
    let sentContext = "";
    let timer = 0;
    let entries = history.length;

    const open = () => {
      url = address();
      openedAt = now();
      hiddenAt = document.hidden ? openedAt : 0;
      shown = true;
      scrolls.begin();
      internals.onShow.forEach((begin) => guarded(begin)());
      event("page_view", { context: context(), properties: { referrer: document.referrer.split(/[?#]/)[0] } });
      sendContext();
    };
    /** Tells what there is to tell. A page that is left has been in view for so many ms; one that is only hidden may come back. */
    const tell = (/** @type {number} */ inViewMs) => {
      isEnding = true;
      scrolls.tell();
      internals.onHide.forEach((end) => guarded(end)());
      engagement.tell();
      if (url === address()) scrolls.look();
      event("page_hide", { value: inViewMs, properties: { depth: scrolls.deepest() } });
      isEnding = false;
    };
    const close = () => {
      if (!shown) return;
      tell(Math.round((hiddenAt || now()) - openedAt));
      shown = false;
    };
    const sendContext = (internals.sendContext = () => {
      if (shown && !hiddenAt && sentContext !== (sentContext = json(context()))) event("context", { context: context() });
    });

    adjust.page = guarded(() => {
      clearTimeout(timer);
      // What the document shows by now belongs to the next page.
      url = "";
      close();
      open();
    });
    // The page's own history functions are left alone: a page has changed when a new entry has another address. One that is
    // replaced is the same page: with other filters, say, or without what a campaign wrote into its address.
    const follow = ({ navigationType = "", type = "" } = {}) => {
      const isReplaced = navigation ? navigationType === "replace" : type !== "popstate" && entries === history.length;
      entries = history.length;
      if (!shown || url === address()) return;
      if (isReplaced) url = address();
      else if (!hiddenAt) {
        close();
        timer = setTimeout(adjust.page, +setting("rendered-ms") || RENDERED_MS);
      }
    };
    const { navigation } = /** @type {any} */ (window);
    listen(navigation ?? window, "currententrychange popstate", follow);
    if (!navigation) setInterval(guarded(() => follow()), LOOK_MS);

    listen(document, "visibilitychange", () => {
      if (document.hidden) {
        if (shown && !hiddenAt) tell(NaN);
        hiddenAt ||= now();
        return box.leave();
      }
      box.resume();
      if (!url) return open();
      if (hiddenAt) openedAt += now() - hiddenAt;
      hiddenAt = 0;
      follow();
      sendContext();
    });
    listen(window, "pagehide", () => {
      close();
      box.leave();
    });
    listen(window, "pageshow", ({ persisted }) => persisted && open());
    listen(window, "online", box.retry);

    applyConsent();
    // A tab opened in the background is read when it is looked at.
    if (!document.hidden) open();
    for (const part of (dataAdjust(script, "-parts") ?? "movements client").split(" ")) {
      // Not within the call: the bundler would look for the files.
      const file = `./${part}.${VERSION}.js`;
      if (part) import(file).then((module) => module.start(internals)).catch(() => {});
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

const loaded = /** @type {any} */ (window).microadjust;

/**
 * The same file by another address is another module, but a page has one tracker. Undefined only where a page has broken
 * what the browser offers.
 */
export const adjust = /** @type {Internals["adjust"]} */ (loaded?.handlers ? loaded : guarded(begin)()?.adjust);
