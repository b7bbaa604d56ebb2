// A server that takes Stripe's events from Sluice. `BILLING_SECRET=whsec_… PORT=3000 node receiver.ts`
// Sluice has verified Stripe's signature; this verifies Sluice's own (Standard Webhooks), and does each event once.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";

const TOLERANCE_SECONDS = 300;
const key = Buffer.from((process.env["BILLING_SECRET"] ?? "").replace(/^whsec_/, ""), "base64");

/** Whether Sluice has sent it, not long ago. A header may have several signatures while the secret is rotated. */
function isGenuine(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const [id, timestamp] = [String(headers["webhook-id"]), String(headers["webhook-timestamp"])];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return String(headers["webhook-signature"])
    .split(" ")
    .map((part) => Buffer.from(part.replace(/^v1,/, ""), "base64"))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

/** In a database, this is a column with a unique index, written in the transaction that does the work. */
const done = new Set<string>();

const server = createServer((request, response) => {
  void buffer(request).then((body) => {
    if (!isGenuine(request.headers, body)) return response.writeHead(401).end();
    const id = String(request.headers["webhook-id"]);
    if (!done.has(id)) {
      const { type } = JSON.parse(body.toString()) as { type: string };
      console.log(`${id} ${type}`);
      done.add(id);
    }
    // Any 2xx says that it is done. Another status, or none within 15 seconds, and Sluice tries again later.
    return response.writeHead(200).end();
  });
});
server.listen(Number(process.env["PORT"] ?? 3000), () => console.log("ready"));
