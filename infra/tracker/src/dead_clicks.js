/** Clicks without effect: something promised to answer, and nothing in the page moved. */

const EFFECT_TIMEOUT_MS = 2_000;
/** Changes sooner after a click are its effect. */
const AT_ONCE_MS = 50;
/** What goes on changing for so long, and not only at clicks, ticks: a clock, a carousel. */
const TICKING_MS = 900;
const PROMISES_SOMETHING = "a,button,[role=button],[role=link],[role=tab],[onclick],[data-adjust-event]";
/** What they do happens in the browser, without a trace in the page. */
const ANSWERS_ITSELF =
  "input,select,textarea,label,summary,audio,video,iframe,canvas,[download],[href^=mailto\\:],[href^=tel\\:]";
const EFFECTS = "scroll blur pagehide play pause volumechange change copy cut toggle fullscreenchange";

/** @param {import("./adjust.js").Internals} internals */
export const deadClicks = (internals) => {
  const { event, guarded, listen, describeElement, closest, origin } = internals;
  let watching = false;
  let answered = false;
  let clickedAt = 0;
  /** When each node changed first and last, and whether it changed without a click. @type {Map<Node, [number, number, boolean]>} */
  let changes = new Map();
  const seen = () => {
    answered = true;
  };
  const note = (/** @type {MutationRecord[]} */ records) => {
    const now = performance.now();
    for (const { target } of records) {
      const [first, , wasTicking] = changes.get(target) ?? [now];
      const isTicking = wasTicking || now - clickedAt > AT_ONCE_MS;
      changes.set(target, [first, now, isTicking]);
      if (!isTicking) internals.onAnswer();
    }
  };
  const observer = new MutationObserver(note);
  listen(window, EFFECTS, seen);
  listen(/** @type {any} */ (window).navigation, "navigate", seen);

  // What a command changes is no answer to a click.
  const { quietly } = internals;
  internals.quietly = (work) => {
    note(observer.takeRecords());
    quietly(work);
    observer.takeRecords();
  };

  listen(window, "click", (click) => {
    const target = origin(click);
    if (closest(target, ANSWERS_ITSELF)) return seen();
    if (!click.isTrusted) return;
    clickedAt = performance.now();
    if (watching) return;
    if (!closest(target, PROMISES_SOMETHING) && getComputedStyle(target).cursor !== "pointer") return;
    const fields = { ...describeElement(target), ...(click.detail && internals.pagePosition(click, target)) };
    const address = location.href;
    watching = true;
    answered = false;
    changes = new Map();
    // No event tells of a text that a script puts on the clipboard.
    const { clipboard } = navigator;
    const copy = clipboard?.writeText;
    if (copy) {
      clipboard.writeText = (text) => {
        seen();
        return copy.call(clipboard, text);
      };
    }
    for (let root = target.getRootNode(); root; root = root.host?.getRootNode()) {
      observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    }
    setTimeout(
      guarded(() => {
        watching = false;
        observer.disconnect();
        if (copy) /** @type {any} */ (clipboard).writeText = copy;
        if (answered || address !== location.href) return;
        if ([...changes.values()].some(([first, last, isTicking]) => !isTicking || last - first < TICKING_MS)) return;
        event("custom", { ...fields, properties: { ...fields.properties, name: "dead_click" } });
      }),
      EFFECT_TIMEOUT_MS,
    );
  });
};
