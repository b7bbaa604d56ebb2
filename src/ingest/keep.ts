// Makes an event durable [G1]: in the queue, else in the journal; with the journal always on, in both.
import type { SluiceEvent } from "../model/event.ts";
import type { EventMessage } from "../model/message.ts";
import type { IngestPorts } from "./ports.ts";

/**
 * True once the event is durable.
 * @param routeVersion of the route document by which it was accepted; null without one
 */
export async function keep(
  event: SluiceEvent,
  slug: string | null,
  ports: IngestPorts,
  routeVersion: number | null = null,
): Promise<boolean> {
  const message = (journal: "d1" | "r2" | null): EventMessage => ({
    v: 1,
    kind: "event",
    event,
    source_slug: slug,
    route_version: routeVersion,
    journal,
  });
  const tried = async (what: string, work: Promise<void>): Promise<boolean> =>
    work.then(
      () => true,
      (error: unknown) => {
        ports.report(what, error);
        return false;
      },
    );
  const journal = async (): Promise<"d1" | "r2" | null> =>
    (await tried("journal_d1", ports.journalD1(message("d1"))))
      ? "d1"
      : (await tried("journal_r2", ports.journalR2(message("r2"))))
        ? "r2"
        : null;
  if (ports.journal === "always") {
    const where = await journal();
    if (where === null) return false;
    // A queue that refuses is no matter here: the sweep brings the journaled event back.
    await tried("send", ports.send(message(where)));
    return true;
  }
  return (await tried("send", ports.send(message(null)))) || (await journal()) !== null;
}
