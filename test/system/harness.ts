// A Sluice as a user starts it, a receiver whose arrivals a test can read, and the client to drive it with.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { BodyOf } from "../../src/api/openapi/client-types.ts";
import type { PatientClient } from "../../scripts/demo/client.ts";
import { startSluice, type LocalSluice } from "../../scripts/local-sluice.ts";
import { newState } from "./migrated.ts";

export interface Arrival {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Names and values in turn, as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer<ArrayBuffer>;
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
  readonly client: PatientClient;
  /** Of the receiver: scheme, host and port. */
  readonly target: string;
  readonly arrivals: Arrival[];
  /** A source, a destination and the connection between them, all of that name. The destination is the receiver's path of that name by default. */
  readonly route: (
    name: string,
    destination?: Partial<Extract<BodyOf<"POST /destinations">, { readonly type?: "http" | undefined }>>,
    source?: BodyOf<"POST /sources">,
  ) => Promise<void>;
  /** Sends a webhook. @param path the source's slug and what follows it @returns the event's id */
  readonly post: (path: string, body?: BodyInit, headers?: Readonly<Record<string, string>>) => Promise<string>;
  readonly to: (name: string) => Arrival[];
  readonly group: LocalSluice["group"];
  readonly state: LocalSluice["state"];
  /** Kills Sluice with SIGKILL and starts it again on the same state. @param meanwhile may change the state before that */
  readonly crash: (meanwhile?: (state: string) => void) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** How the receiver answers; it may leave a request without an answer. */
export type Answer = (path: string, response: ServerResponse, request: IncomingMessage) => void;

const answerOk: Answer = (_path, response) => void response.end("ok");

/** @param vars of the environment that it is started in */
export async function startSystem(
  answer: Answer = answerOk,
  vars: Readonly<Record<string, string>> = {},
): Promise<System> {
  const arrivals: Arrival[] = [];
  const receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers, rawHeaders } = request;
      const header = (name: string, otherwise: string): string => String(headers[name] ?? otherwise);
      arrivals.push({
        method,
        path,
        headers,
        rawHeaders,
        body: Buffer.concat(chunks),
        source: header("sluice-source", ""),
        delivery: header("sluice-delivery-id", ""),
        at: Date.now(),
        sentAt: Number(header("x-sent-at", "0")),
        events: Number(header("sluice-batch-size", "1")),
      });
      answer(path, response, request);
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const sluice = await startSluice(await newState(), vars);
  const { client } = sluice;
  return {
    client,
    target,
    arrivals,
    route: async (name, destination = {}, source = {}) => {
      await client.call("POST /sources", { body: { slug: name, ...source } });
      await client.call("POST /destinations", { body: { slug: name, url: `${target}/${name}`, ...destination } });
      await client.call("POST /connections", { body: { source: name, destination: name } });
    },
    post: async (path, body = "{}", headers = {}) =>
      (await client.post(path, body, { "x-sent-at": String(Date.now()), ...headers })).id,
    to: (name) => arrivals.filter(({ path }) => path === `/${name}`),
    group: sluice.group,
    state: sluice.state,
    crash: async (meanwhile) => {
      await sluice.kill();
      meanwhile?.(sluice.state);
      await sluice.start();
    },
    stop: async () => {
      await sluice.stop();
      receiver.closeAllConnections();
      receiver.close();
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The smallest value that so great a share of all does not exceed. */
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? 0;
