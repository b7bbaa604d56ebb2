// Makes an event durable [G1]: in the queue, otherwise in the journal; if the journal is always on, in both.
import { MAX_MESSAGE_BYTES } from "../config/limits.ts";
import { encodedBytes } from "../kernel/encoded-size.ts";
import type { SluiceEvent } from "../model/event.ts";
import { bodyKey } from "../model/ids.ts";
import type { EventMessage } from "../model/message.ts";
import type { IngestPorts } from "./ports.ts";

/**
 * `overloaded`: the queue refused the event, and the outbox has reached its limit. `unavailable`: neither the queue nor the outbox took it.
 * `too_large`: it does not fit into a message, and there is no bucket.
 */
export type Persisted = "durable" | "overloaded" | "unavailable" | "too_large";

/**
 * A body that does not fit into one message together with its head is first stored in R2. Throws if R2 refuses it.
 * @param routeVersion of the route document that accepted it; null without one
 */
export async function persist(
  event: SluiceEvent,
  slug: string | null,
  ports: IngestPorts,
  routeVersion: number | null = null,
): Promise<Persisted> {
  const message: EventMessage = {
    v: 1,
    kind: "event",
    event,
    source_slug: slug,
    route_version: routeVersion,
    journal: "d1",
  };
  const { body } = event;
  if (body.kind === "r2" || encodedBytes(message) <= MAX_MESSAGE_BYTES) return persistFitting(message, ports);
  if (ports.mostBodyBytes !== Infinity) return "too_large";
  const key = bodyKey(event.id);
  await ports.bodies.put(key, body.bytes);
  const persisted = await persistFitting({ ...message, event: { ...event, body: { kind: "r2", key } } }, ports);
  if (persisted !== "durable")
    await ports.bodies.delete(key).catch((error: unknown) => ports.report("body_delete", error));
  return persisted;
}

async function persistFitting(whole: EventMessage, ports: IngestPorts): Promise<Persisted> {
  const message = (where: EventMessage["journal"]): EventMessage => ({ ...whole, journal: where });
  /** Null on success, otherwise the error. */
  const tried = async (what: string, work: Promise<void>): Promise<{ readonly error: unknown } | null> => {
    try {
      await work;
      return null;
    } catch (error) {
      ports.report(what, error);
      return { error };
    }
  };
  const journal = async (): Promise<"d1" | "r2" | null> =>
    (await tried("journal_d1", ports.journalD1(message("d1")))) === null
      ? "d1"
      : (await tried("journal_r2", ports.journalR2(message("r2")))) === null
        ? "r2"
        : null;
  if (ports.journal === "always") {
    const where = await journal();
    if (where === null) return "unavailable";
    // If the queue refuses, the sweep sends the journaled event again.
    await tried("send", ports.send(message(where)));
    return "durable";
  }
  const refused = await tried("send", ports.send(message(null)));
  if (refused === null) return "durable";
  if (!ports.maySpill(refused.error)) return "overloaded";
  return (await journal()) === null ? "unavailable" : "durable";
}
