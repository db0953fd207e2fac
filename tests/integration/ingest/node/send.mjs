// Every call of the official SDK, unchanged, against the collector whose address and write key are given.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, maxEventsInBatch: 20, maxRetries: 0 });
const errors = [];
let delivered = 0;
analytics.on("error", (error) => errors.push(String(error.reason ?? error)));
const counted = (error) => {
  if (error) errors.push(String(error));
  else delivered += 1;
};

const userId = "node-user";
analytics.identify({ userId, traits: { plan: "free" } }, counted);
analytics.page({ userId, category: "Docs", name: "Install", properties: { url: "https://example.org/install" } }, counted);
analytics.screen({ userId, name: "Start" }, counted);
analytics.group({ userId, groupId: "acme", traits: { size: 12 } }, counted);
analytics.alias({ userId, previousId: "before" }, counted);
for (let number = 0; number < 101; number += 1) {
  analytics.track({ userId, event: "Button Clicked", properties: { number } }, counted);
}
await analytics.closeAndFlush();
process.stdout.write(JSON.stringify({ errors, delivered }));
