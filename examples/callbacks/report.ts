// Publishes a request to a slow API and learns the answer from a callback, without waiting for it.
// `SLUICE_URL=… SLUICE_TOKEN=… PUBLIC_URL=https://this.server PORT=3000 node report.ts DESTINATION`
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

const { SLUICE_URL, SLUICE_TOKEN, PUBLIC_URL, PORT } = process.env;
const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = await fetch(`${SLUICE_URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${SLUICE_TOKEN}`, "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
  return answer.json();
};

// All callbacks of a deployment are signed with these secrets (Standard Webhooks).
const { secrets } = (await call("GET", "/callbacks/secret")) as { secrets: string[] };

/** Whether Sluice has sent it. */
function isGenuine(headers: IncomingHttpHeaders, body: Buffer): boolean {
  const signed = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.`;
  const given = String(headers["webhook-signature"])
    .split(" ")
    .map((one) => Buffer.from(one));
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const expected = Buffer.from(`v1,${createHmac("sha256", key).update(signed).update(body).digest("base64")}`);
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
}

interface Ended {
  readonly status: string;
  readonly response: { readonly body: string } | null;
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(request);
  if (!isGenuine(request.headers, body)) return void response.writeHead(401).end();
  response.writeHead(204).end();
  const ended: Ended = JSON.parse(body.toString());
  console.log(`${ended.status}: ${ended.response?.body}`);
  server.close();
}

const server = createServer((request, response) => void take(request, response));
server.listen(Number(PORT ?? 3000));

await call("POST", "/events", {
  destinations: [process.argv[2]],
  body: { report: 7 },
  callback_url: `${PUBLIC_URL}/done`,
  failure_callback_url: `${PUBLIC_URL}/failed`,
});
console.log("published");
