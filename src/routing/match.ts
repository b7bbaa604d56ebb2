// Which deliveries an event makes: one for every enabled connection of its source whose filter it meets.
import { SECOND_MS } from "../kernel/durations.ts";
import type { Connection } from "../model/connection.ts";
import type { Delivery } from "../model/delivery.ts";
import { effectiveAt, type SluiceEvent } from "../model/event.ts";
import { deliveryIdOf, type DestinationId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type { Route, RouteDocument } from "../model/route.ts";
import { compileFilter } from "./filter-compile.ts";
import { failedClause } from "./filter-explain.ts";
import type { CompiledFilter } from "./filter-nodes.ts";
import { viewsOf, type BodySource } from "./request-views.ts";

interface Match {
  readonly delivery: Delivery;
  readonly route: Route;
}

export interface Matched {
  readonly matches: readonly Match[];
  /** Deliveries to destinations that only a newer release can read. */
  readonly unreadable: readonly Delivery[];
  /** One for each connection that did not take the event. */
  readonly ignored: readonly Ignored[];
}

/** By the filter object itself, which lives as long as its route document. */
const compiled = new WeakMap<object, CompiledFilter>();

/** Null where everything matches. Throws when what is stored is no filter: configuration is checked before it is stored. */
function filterOf(connection: Connection): CompiledFilter | null {
  // Documents of an earlier version have no such field.
  const filter = connection.filter ?? null;
  if (filter === null) return null;
  const known = compiled.get(filter);
  if (known !== undefined) return known;
  const result = compileFilter(filter);
  if (!result.ok) throw new Error(`filter of ${connection.id}: ${result.error.pointer} ${result.error.detail}`);
  compiled.set(filter, result.value);
  return result.value;
}

/** Whether a filter of this source looks into bodies, so that one that lies in R2 must be read. */
export const readsBody = (document: RouteDocument): boolean =>
  document.routes.some(({ connection }) => connection.enabled && filterOf(connection)?.readsBody === true);

/**
 * Pure: the same event and document give the same deliveries with the same ids. Throws for a connection that cannot be read: its filter
 * is unknown.
 * @param body the bytes of a body that lies in R2; an inline one speaks for itself
 */
export function matchRoutes(event: SluiceEvent, document: RouteDocument, body: BodySource = "missing"): Matched {
  const views = viewsOf(event, event.body.kind === "inline" ? event.body.bytes : body);
  const ignored: Ignored[] = [];
  const takes = (connection: Connection): boolean => {
    const filter = connection.enabled ? filterOf(connection) : null;
    const failed = filter === null ? null : failedClause(filter, views);
    if (!connection.enabled) ignored.push({ connection: connection.id, reason: "disabled", failed_clause: null });
    else if (failed === null) return true;
    else ignored.push({ connection: connection.id, reason: "filter", failed_clause: failed });
    return false;
  };
  const found = document.routes
    .filter(({ connection }) => takes(connection))
    .map((route) => ({ route, delivery: newDelivery(event, route.connection, route.destination.id) }));
  const unreadable = (document.unreadable ?? []).flatMap(({ connection, connection_id, destination_id }) => {
    if (connection === null) throw new Error(`connection ${connection_id} can be read by a newer release only`);
    return takes(connection) ? [newDelivery(event, connection, destination_id)] : [];
  });
  if (document.routes.length + unreadable.length === 0 && ignored.length === 0)
    ignored.push({ connection: null, reason: "no_connection", failed_clause: null });
  return { matches: found, unreadable, ignored };
}

/** For how long an event's delivery is put off by wish: the event's own and then the connection's. Milliseconds. */
export const plannedWaitMs = (event: SluiceEvent, connection: Connection | null): number =>
  effectiveAt(event) - event.received_at + (connection?.delay_seconds ?? 0) * SECOND_MS;

/** @param connection null for an event that was published straight to the destination */
export function newDelivery(event: SluiceEvent, connection: Connection | null, destination: DestinationId): Delivery {
  const waitMs = plannedWaitMs(event, connection);
  return {
    id: deliveryIdOf(event.id, connection?.id ?? destination),
    event_id: event.id,
    source_id: event.source_id,
    connection_id: connection?.id ?? null,
    destination_id: destination,
    status: waitMs > 0 ? "scheduled" : "pending",
    attempts_made: 0,
    next_attempt_at: event.received_at + waitMs,
    deferred_by: null,
    deferrals: 0,
    slot_at: null,
    last_response_status: null,
    last_error: null,
    attempts: [],
    created_at: event.received_at,
    finished_at: null,
    replay_id: null,
    // A wait that was asked for is not the delivery's own age.
    age_credit_ms: waitMs,
  };
}
