/** Clicks without effect: something promised to answer, and nothing in the page moved. */

const EFFECT_TIMEOUT_MS = 2_000;
const PROMISES_SOMETHING = "a,button,[role=button],[role=link],[role=tab],[onclick],[data-adjust-event]";
/** What they do happens in the browser, without a trace in the page. */
const ANSWERS_ITSELF = "input,select,textarea,label,summary,audio,video,object,embed,iframe";

/** @param {import("./adjust.js").Internals} internals */
export const deadClicks = ({ event, guarded, listen, describeElement, pagePosition, closest }) => {
  let watching = false;
  let answered = false;
  const seen = () => {
    answered = true;
  };
  const observer = new MutationObserver(seen);
  listen(window, "scroll blur pagehide", seen);

  listen(window, "click", (click) => {
    const { target, isTrusted, detail } = click;
    if (watching || !isTrusted || closest(target, ANSWERS_ITSELF)) return;
    if (!closest(target, PROMISES_SOMETHING) && getComputedStyle(target).cursor !== "pointer") return;
    const fields = { ...describeElement(target), ...(detail && pagePosition(click)) };
    const address = location.href;
    watching = true;
    answered = false;
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    setTimeout(
      guarded(() => {
        watching = false;
        observer.disconnect();
        if (answered || address !== location.href) return;
        event("custom", { ...fields, properties: { ...fields.properties, name: "dead_click" } });
      }),
      EFFECT_TIMEOUT_MS,
    );
  });
};
