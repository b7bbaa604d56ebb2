// `npm run demo`: sends real GitHub payloads through a running Sluice to unreliable destinations and checks that nothing is lost.
// It keeps what it made, some dead letters among it, and ends with the page to look at them. SLUICE_URL or PORT set where Sluice is; the token comes
// from SLUICE_ADMIN_TOKEN or .dev.vars. --clean removes what earlier runs made, --brokers shows the payloads arriving in RabbitMQ and Redis instead.
import { join } from "node:path";
import type { Delivery } from "../cli/client.ts";
import { demoBrokers } from "./demo/brokers.ts";
import { cleanUp } from "./demo/clean-up.ts";
import { PatientClient } from "./demo/client.ts";
import { payloads } from "./demo/payloads.ts";
import { progress } from "./demo/progress.ts";
import { BEHAVIOURS, digest, Receiver, type Behaviour } from "./demo/receiver.ts";
import { balances, buildRow, table } from "./demo/report.ts";
import { readDevVars } from "./start/vars.ts";

const SENDERS = 8;
const SETTLE_WITHIN_MS = 240_000;
const FINAL = new Set<Delivery["status"]>(["delivered", "dead", "cancelled"]);
/** The payloads of this type also go to a destination that refuses them. */
const REFUSED_EVENT = "issues";
const RETRY = { schedule_seconds: [1, 1, 2, 2, 3, 3, 5, 5, 5, 5, 10, 10] };

const origin = process.env["SLUICE_URL"] ?? `http://localhost:${process.env["PORT"] ?? 8787}`;
const token = process.env["SLUICE_ADMIN_TOKEN"] ?? readDevVars(join(import.meta.dirname, ".."))["SLUICE_ADMIN_TOKEN"];
if (token === undefined) {
  console.error("No token: run `npm start` first, or set SLUICE_ADMIN_TOKEN.");
  process.exit(2);
}
if (
  !(await fetch(`${origin}/healthz`).then(
    (response) => response.ok,
    () => false,
  ))
) {
  console.error(`No response from ${origin}. Start Sluice with \`npm start\` in another terminal, or set SLUICE_URL.`);
  process.exit(2);
}

const client = new PatientClient(origin, token);
if (process.argv.includes("--clean")) {
  console.log(`Removed ${await cleanUp(client)} sources and destinations of earlier runs.`);
  process.exit(0);
}
if (process.argv.includes("--brokers")) process.exit((await demoBrokers(client)) ? 0 : 1);
const receiver = new Receiver();
const target = await receiver.listen();
const suffix = Date.now().toString(36);
const source = `demo-${suffix}`;
const destinations = new Map<string, Behaviour>();

await client.call("POST /sources", { body: { name: source, event_type: { header: "x-github-event" } } });
for (const behaviour of BEHAVIOURS) {
  const slug = `demo-${behaviour}-${suffix}`;
  const { id } = await client.call("POST /destinations", {
    body: {
      slug,
      url: `${target}/${behaviour}`,
      retry: RETRY,
      ...(behaviour === "limited" ? { rate_limit: { limit: 50, period_seconds: 1 } } : {}),
      circuit: { failure_threshold: 20, open_seconds: 3, max_open_seconds: 10 },
    },
  });
  destinations.set(id, behaviour);
  await client.call("POST /connections", { body: { source, destination: slug } });
}

// It refuses all that it gets, which is little: the dead letters to look at.
const refusing = `demo-refusing-${suffix}`;
await client.call("POST /destinations", {
  body: { slug: refusing, url: `${target}/refusing`, retry: { schedule_seconds: [] }, circuit: null },
});
await client.call("POST /connections", {
  body: { source, destination: refusing, filter: { headers: { "x-github-event": REFUSED_EVENT } } },
});

const bodies = payloads();
const sent = new Map<string, string>();
let resent = 0;
console.log(
  `Posting ${bodies.length} GitHub payloads to ${origin}/in/${source}; destinations: ${BEHAVIOURS.join(", ")}.`,
);
const accepted = progress("accepted", bodies.length);
const startedAt = Date.now();
let next = 0;
const sender = async (): Promise<void> => {
  for (let index = next++; index < bodies.length; index = next++) {
    const payload = bodies[index];
    if (payload === undefined) return;
    const { times } = await client.post(source, payload.body, {
      "content-type": "application/json",
      "x-github-event": payload.name,
      "x-demo-id": String(index),
    });
    resent += times - 1;
    sent.set(String(index), digest(payload.body));
    accepted(sent.size);
    // The crash test waits for this line before it kills Sluice.
    if (String(sent.size) === process.env["DEMO_SIGNAL_AT"]) console.log(`accepted ${sent.size} so far`);
  }
};
await Promise.all(Array.from({ length: SENDERS }, sender));
const acceptedMs = Date.now() - startedAt;

const total = sent.size * BEHAVIOURS.length;
const settled = progress("delivered", total);
let records: Delivery[] = [];
while (Date.now() - startedAt < SETTLE_WITHIN_MS) {
  records = (await client.deliveriesOf(source)).filter(({ destination }) => destinations.has(destination ?? ""));
  const final = records.filter((record) => FINAL.has(record.status)).length;
  settled(Math.min(final, total), final > total ? `(+${final - total} for resent requests)` : "");
  if (final >= total && final === records.length) break;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

const rows = [...destinations].map(([id, behaviour]) => {
  const seen = receiver.seen.get(behaviour);
  if (seen === undefined) throw new Error("this destination has no receiver");
  return buildRow(
    behaviour,
    sent,
    seen,
    records.filter((record) => record.destination === id),
  );
});
const balanced = rows.every((row) => balances(row, resent));
console.log(`\n${table(rows)}\n`);
if (resent > 0)
  console.log(
    `${resent} requests got no response and were resent, as any sender would do; some may have been accepted twice.`,
  );
console.log(
  `accepted in ${(acceptedMs / 1000).toFixed(1)} s, settled in ${((Date.now() - startedAt) / 1000).toFixed(1)} s. ` +
    (balanced ? "Nothing lost, and every body is identical." : "NOT BALANCED: see the table."),
);
console.log(
  `Another destination refused the ${REFUSED_EVENT}. Look at its dead letters: ${origin}/dead-letters?destination=${refusing}\n` +
    `Everything stays to be looked at: ${origin}/events?source=${source}. npm run demo -- --clean removes it.`,
);
receiver.close();
process.exit(balanced ? 0 : 1);
