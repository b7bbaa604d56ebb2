// Proves that the deployment works: waits until it is ready, sends a webhook through it, awaits its delivery, and removes what that needed.
import { randomBytes } from "node:crypto";
import { Advice } from "../cloudflare/advice.ts";
import type { Fetch } from "../cloudflare/api.ts";

export interface Ports {
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const SLUG = "deploy-check";
/** A new name on workers.dev answers after a minute at most. */
const READY_WITHIN_MS = 120_000;
const DELIVERED_WITHIN_MS = 60_000;
const EVERY_MS = 1_000;

/** A DNS question for example.com, type A (RFC 1035): what the default receiver answers with 200. */
const QUESTION = Buffer.from("AAABAAABAAAAAAAAB2V4YW1wbGUDY29tAAABAAE=", "base64");

/** @param token the admin's; null where it is not known @throws Advice with what is missing, as the Worker tells it */
export async function awaitReady({ fetch, now, sleep }: Ports, edge: string, token: string | null): Promise<void> {
  const until = now() + READY_WITHIN_MS;
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  let last = "";
  while (now() < until) {
    last = await fetch(`${edge}/readyz`, { headers, signal: AbortSignal.timeout(10_000) }).then(
      async (answer) => (answer.ok ? "ready" : saidBy(await answer.text(), answer.status)),
      (error: unknown) => String(error instanceof Error ? error.message : error),
    );
    if (last === "ready") return;
    await sleep(EVERY_MS);
  }
  throw new Advice(`The Worker is deployed, but ${edge}/readyz does not say that it is ready:\n  ${last}`);
}

function saidBy(text: string, status: number): string {
  try {
    return (JSON.parse(text) as { detail?: string }).detail ?? `HTTP ${status}`;
  } catch {
    return `HTTP ${status}`;
  }
}

/** @param receiver the URL that the webhook is delivered to @returns how long that took, in milliseconds @throws Advice when it is not delivered */
export async function sendTestWebhook(
  { fetch, now, sleep }: Ports,
  edge: string,
  token: string,
  receiver: string,
): Promise<number> {
  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${edge}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const make = async (path: string, body: object): Promise<void> => {
    const { status, text } = await call("POST", path, { name: "Check after deploying", slug: SLUG, ...body });
    if (status !== 201) throw new Advice(`The test webhook could not be set up: ${saidBy(text, status)}`);
  };
  const clean = async (): Promise<void> => {
    for (const kind of ["connections", "sources", "destinations"]) await call("DELETE", `/${kind}/${SLUG}`);
  };
  await clean();
  try {
    const secret = randomBytes(24).toString("hex");
    await make("/sources", { verification: { type: "bearer", secrets: [secret] } });
    await make("/destinations", { url: receiver, retry: { schedule_seconds: [1, 2, 5] } });
    await make("/connections", { source: SLUG, destination: SLUG });
    const sentAt = now();
    const sent = await fetch(`${edge}/in/${SLUG}`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/dns-message" },
      body: QUESTION,
    });
    const text = await sent.text();
    if (sent.status !== 202) throw new Advice(`The test webhook was not accepted: ${saidBy(text, sent.status)}`);
    const { id } = JSON.parse(text) as { id: string };
    for (let status = "accepted"; now() - sentAt < DELIVERED_WITHIN_MS; await sleep(EVERY_MS)) {
      status = (JSON.parse((await call("GET", `/events/${id}`)).text) as { status?: string }).status ?? status;
      if (status === "delivered") return now() - sentAt;
      if (status === "dead") break;
    }
    throw new Advice(`The test webhook was accepted but not delivered. See what happened at ${edge}/events/${id}`);
  } finally {
    await clean();
  }
}
