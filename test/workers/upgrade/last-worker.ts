// The Worker of the last release beside the one that is tested: on the same D1, KV, R2 and Durable Objects, its queues and its receiver in the
// test's hands.
import { env } from "cloudflare:workers";
import last from "virtual:last-release";
import { vi } from "vitest";
import { TestMessage } from "../harness.ts";

type Lane = "EVENTS" | "DELIVERIES" | "SLOW" | "REPLAYS";
const QUEUES = {
  EVENTS: "sluice-events",
  DELIVERIES: "sluice-deliveries",
  SLOW: "sluice-slow",
  REPLAYS: "sluice-replays",
};

interface Sent {
  readonly lane: Lane;
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown> & { readonly data?: readonly Record<string, unknown>[] };
}

export function startLast() {
  const sent: Sent[] = [];
  const requests: { readonly url: string; readonly headers: Headers; readonly body: string }[] = [];
  const errors: string[] = [];
  const state = { status: 200, queueIsAway: false };
  const push = (lane: Lane, body: unknown): void => {
    if (state.queueIsAway) throw new Error("the queue is away");
    sent.push({ lane, body });
  };
  const queue = (lane: Lane) => ({
    send: async (body: unknown) => push(lane, body),
    sendBatch: async (batch: Iterable<{ readonly body: unknown }>) =>
      [...batch].forEach(({ body }) => push(lane, body)),
    metrics: async () => ({ backlogCount: 0, backlogBytes: 0 }),
  });
  const lanes = Object.keys(QUEUES) as Lane[];
  const lastEnv = {
    ...env,
    ...Object.fromEntries(lanes.map((lane) => [lane, queue(lane)])),
    DOH_URL: "off",
    LOG_LEVEL: "info",
  } as unknown as Env;

  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    requests.push({ url: request.url, headers: request.headers, body: await request.text() });
    return new Response(null, { status: state.status });
  });
  vi.spyOn(console, "log").mockImplementation((line: string) => {
    if (line.includes('"level":"error"')) errors.push(line);
  });

  const fetchLast = (path: string, init: RequestInit): Promise<Response> =>
    last.fetch(new Request(`http://last.test${path}`, init), lastEnv, { waitUntil: () => undefined });

  return {
    sent,
    requests,
    /** What it has logged as errors. */
    errors,
    /** What the receiver answers from now on. */
    answer: (status: number) => void (state.status = status),
    /** Whether the queues refuse everything from now on. */
    refuse: (isAway: boolean) => void (state.queueIsAway = isAway),
    async call(method: string, path: string, body?: object): Promise<Answer> {
      const response = await fetchLast(`/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${String((env as unknown as Record<string, string>)["SLUICE_ADMIN_TOKEN"])}`,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text === "" ? {} : (JSON.parse(text) as Answer["json"]) };
    },
    async ingest(slug: string, body = "{}"): Promise<string> {
      const response = await fetchLast(`/in/${slug}`, { method: "POST", body });
      if (response.status !== 202) throw new Error(`${slug} answered ${response.status}: ${await response.text()}`);
      return response.headers.get("sluice-event-id") ?? "";
    },
    /** @returns how each message was settled */
    async consume(lane: Lane, bodies: readonly unknown[]): Promise<TestMessage["settled"][]> {
      const messages = bodies.map((body) => new TestMessage(body));
      await last.queue({ queue: QUEUES[lane], messages }, lastEnv);
      return messages.map(({ settled }) => settled);
    },
    /** Consumes what has been sent until nothing is left. */
    async drain(): Promise<void> {
      for (let rounds = 0; sent.length > 0 && rounds < 20; rounds++) {
        const batch = sent.splice(0);
        for (const lane of lanes) {
          const bodies = batch.filter((one) => one.lane === lane).map(({ body }) => body);
          if (bodies.length > 0) await this.consume(lane, bodies);
        }
      }
    },
    sweep: (): Promise<void> => last.scheduled(null, lastEnv),
  };
}

export type Last = ReturnType<typeof startLast>;

let serial = 0;

/** A source, a destination and their connection, made by the last release. */
export async function createRouteIn(last: Last, destination: object = {}) {
  const slug = `upgrade-${++serial}-${crypto.randomUUID().slice(0, 8)}`;
  const url = `https://${slug}.test/hook`;
  const created = [
    await last.call("POST", "/sources", { slug }),
    await last.call("POST", "/destinations", { slug, url, retry: { schedule_seconds: [0, 0] }, ...destination }),
    await last.call("POST", "/connections", { source: slug, destination: slug }),
  ];
  const failed = created.find(({ status }) => status !== 201);
  if (failed !== undefined) throw new Error(JSON.stringify(failed));
  const [source, target] = created.map(({ json }) => String(json["id"]));
  return { slug, url, sourceId: source ?? "", destinationId: target ?? "" };
}
