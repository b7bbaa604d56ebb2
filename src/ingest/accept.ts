// Accepts one request: finds its source, bounds and reads the body, makes it durable, and only then says so [G1].
// Writes nothing to D1 on the normal path: a flood meets only the queue.
import { MAX_HEAD_BYTES } from "../config/limits.ts";
import type { JournalMode } from "../config/env.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { HeaderList, SluiceEvent } from "../model/event.ts";
import type { EventId } from "../model/ids.ts";
import type { EventMessage } from "../model/message.ts";
import type { RouteDocument } from "../model/route.ts";
import type { SourceSpec } from "../model/source.ts";
import { readBody, type Bodies } from "./read-body.ts";

/** What ingest needs of the world. Every call may throw. */
export interface IngestPorts {
  readonly now: Clock;
  readonly mintId: (now: number) => Promise<EventId>;
  readonly route: (slug: string) => Promise<RouteDocument | null>;
  readonly bodies: Bodies;
  readonly send: (message: EventMessage) => Promise<void>;
  readonly journalD1: (message: EventMessage) => Promise<void>;
  readonly journalR2: (message: EventMessage) => Promise<void>;
  readonly journal: JournalMode;
  readonly report: (what: string, error: unknown) => void;
}

export interface Accepted {
  readonly id: EventId;
  readonly source: SourceSpec;
}

export type Refusal =
  | { readonly reason: "unknown_source" }
  | { readonly reason: "method_not_allowed"; readonly allowed: readonly string[] }
  | { readonly reason: "head_too_large" }
  | { readonly reason: "body_too_large"; readonly maxBytes: number }
  | { readonly reason: "unavailable" };

/** Put on by the edge, not by the sender. */
const EDGE_HEADER = /^(cf-.*|cdn-loop)$/;

/** `/in/{slug}` and what follows it, percent-encoding untouched; null for any other path. */
export function parseIngestPath(pathname: string): { slug: string; path: string } | null {
  const match = /^\/in\/([^/]+)(\/.*)?$/.exec(pathname);
  return match === null ? null : { slug: match[1] ?? "", path: match[2] ?? "" };
}

export async function accept(request: Request, ports: IngestPorts): Promise<Result<Accepted, Refusal>> {
  const url = new URL(request.url);
  const target = parseIngestPath(url.pathname);
  let document: RouteDocument | null;
  try {
    document = target === null ? null : await ports.route(target.slug);
  } catch (error) {
    ports.report("route", error);
    return err({ reason: "unavailable" });
  }
  if (target === null || document === null || !document.source.enabled) return err({ reason: "unknown_source" });
  const { source } = document;
  if (!(source.allowed_methods as readonly string[]).includes(request.method)) {
    return err({ reason: "method_not_allowed", allowed: source.allowed_methods });
  }
  const headers: HeaderList = [...request.headers].filter(([name]) => !EDGE_HEADER.test(name));
  if (headers.reduce((sum, [name, value]) => sum + name.length + value.length, url.href.length) > MAX_HEAD_BYTES) {
    return err({ reason: "head_too_large" });
  }
  const now = ports.now();
  const id = await ports.mintId(now);
  const length = request.headers.get("content-length");
  const body = await readBody(
    request.body,
    length === null ? null : Number(length),
    source.max_body_bytes,
    ports.bodies,
    `bodies/${id}`,
  ).catch((error: unknown) => {
    ports.report("body", error);
    return null;
  });
  if (body === null) return err({ reason: "unavailable" });
  if (!body.ok) return err({ reason: "body_too_large", maxBytes: source.max_body_bytes });
  const event: SluiceEvent = {
    id,
    source_id: source.id,
    received_at: now,
    method: request.method,
    path: target.path,
    query: url.search,
    headers,
    body: body.value.ref,
    body_bytes: body.value.bytes,
    verified: null,
  };
  return (await keep(event, source.slug, ports)) ? ok({ id, source }) : err({ reason: "unavailable" });
}

/** True once the event is durable: in the queue, or in the journal. */
async function keep(event: SluiceEvent, slug: string, ports: IngestPorts): Promise<boolean> {
  const message = (journal: "d1" | "r2" | null): EventMessage => ({
    v: 1,
    kind: "event",
    event,
    source_slug: slug,
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
