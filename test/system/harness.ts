// A Sluice as a user starts it, a receiver whose arrivals a test can read, and the client to drive it with.
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort, killGroup, startSluice } from "../../scripts/crash-test.ts";
import { Client } from "../../scripts/demo/client.ts";
import { newState } from "./migrated.ts";

interface Arrival {
  readonly path: string;
  /** Slug of the source that the event came in at, and the delivery's id; empty where the request does not say. */
  readonly source: string;
  readonly delivery: string;
  readonly at: number;
  /** When the sender posted it. Milliseconds since the epoch. */
  readonly sentAt: number;
  /** Events in the request. */
  readonly events: number;
}

export interface System {
  readonly client: Client;
  readonly arrivals: Arrival[];
  /** A source, a destination and the connection between them, all of that name. */
  readonly route: (name: string, destination: Record<string, unknown>) => Promise<void>;
  readonly post: (slug: string) => Promise<number>;
  readonly to: (name: string) => Arrival[];
  /** Kills Sluice with SIGKILL and starts it again on the same state. @param meanwhile may change the state before that */
  readonly crash: (meanwhile?: (state: string) => void) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** @param answer how the receiver answers a path; it may leave it without an answer */
export async function startSystem(answer: (path: string, response: ServerResponse) => void): Promise<System> {
  const token = "token-of-the-system-tests";
  const arrivals: Arrival[] = [];
  const receiver = createServer((request, response) => {
    request.resume().on("end", () => {
      const path = request.url ?? "";
      const header = (name: string, otherwise: string): string => String(request.headers[name] ?? otherwise);
      arrivals.push({
        path,
        source: header("sluice-source", ""),
        delivery: header("sluice-delivery-id", ""),
        at: Date.now(),
        sentAt: Number(header("x-sent-at", "0")),
        events: Number(header("sluice-batch-size", "1")),
      });
      answer(path, response);
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const state = await newState();
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    SLUICE_STATE: state,
    SLUICE_ADMIN_TOKEN: token,
    SLUICE_MASTER_KEY: "c3lzdGVtLXRlc3Qtc3lzdGVtLXRlc3Qtc3lzdGVtLXQ=",
  };
  let sluice = await startSluice(env);
  const client = new Client(`http://localhost:${port}`, token);
  return {
    client,
    arrivals,
    route: async (name, destination) => {
      await client.call("POST", "/sources", { slug: name });
      await client.call("POST", "/destinations", { slug: name, url: `${target}/${name}`, ...destination });
      await client.call("POST", "/connections", { source: name, destination: name });
    },
    post: (slug) => client.post(slug, Buffer.from("{}"), { "x-sent-at": String(Date.now()) }),
    to: (name) => arrivals.filter(({ path }) => path === `/${name}`),
    crash: async (meanwhile) => {
      const dead = once(sluice, "exit");
      killGroup(sluice);
      await dead;
      meanwhile?.(state);
      sluice = await startSluice(env);
    },
    stop: async () => {
      killGroup(sluice);
      receiver.closeAllConnections();
      receiver.close();
      await rm(state, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The smallest value that so great a share of all does not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? 0;
