// Determines the deliveries of an event: one for each enabled connection of its source whose filter it meets.
import { SECOND_MS } from "../kernel/durations.ts";
import type { Connection } from "../model/connection.ts";
import { UNTRIED, type Delivery } from "../model/delivery.ts";
import { effectiveAt, type SluiceEvent } from "../model/event.ts";
import { makeDeliveryId, type DestinationId } from "../model/ids.ts";
import type { Ignored } from "../model/ignored.ts";
import type { Route, RouteDocument } from "../model/route.ts";
import { compileFilter } from "./filter-compile.ts";
import { failedClause } from "./filter-explain.ts";
import type { CompiledFilter } from "./filter-nodes.ts";
import { requestViews, type BodySource } from "./request-views.ts";

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

/** Compiled filters by the configured object, which lives as long as its route document. */
const compiled = new WeakMap<object, CompiledFilter>();

/** Null when everything matches. Throws for an invalid filter: filters are checked before they are stored. */
function compiledFilter(connection: Connection): CompiledFilter | null {
  // Documents of an earlier version lack the field.
  const filter = connection.filter ?? null;
  if (filter === null) return null;
  const known = compiled.get(filter);
  if (known !== undefined) return known;
  const result = compileFilter(filter, connection.missing_matches_not ?? true);
  if (!result.ok) throw new Error(`filter of ${connection.id}: ${result.error.pointer} ${result.error.detail}`);
  compiled.set(filter, result.value);
  return result.value;
}

/** Whether a filter of this source needs the body, so that a body in R2 must be read. */
export const readsBody = (document: RouteDocument): boolean =>
  document.routes.some(({ connection }) => connection.enabled && compiledFilter(connection)?.readsBody === true);

/**
 * Pure: the same event and document give the same deliveries with the same ids. Throws for a connection that cannot be read, because its
 * filter is unknown.
 * @param body the body if it is in R2; not needed for an inline body
 */
export function matchRoutes(event: SluiceEvent, document: RouteDocument, body: BodySource = "missing"): Matched {
  const views = requestViews(event, event.body.kind === "inline" ? event.body.bytes : body);
  const ignored: Ignored[] = [];
  const takes = (connection: Connection): boolean => {
    const filter = connection.enabled ? compiledFilter(connection) : null;
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

/** The configured wait of a delivery: the event's own plus the connection's. Milliseconds. */
export const plannedWaitMs = (event: SluiceEvent, connection: Connection | null): number =>
  effectiveAt(event) - event.received_at + (connection?.delay_seconds ?? 0) * SECOND_MS;

/** @param connection null for an event that was published straight to the destination */
export function newDelivery(event: SluiceEvent, connection: Connection | null, destination: DestinationId): Delivery {
  const waitMs = plannedWaitMs(event, connection);
  return {
    ...UNTRIED,
    id: makeDeliveryId(event.id, connection?.id ?? destination),
    event_id: event.id,
    source_id: event.source_id,
    event_type: event.event_type ?? null,
    connection_id: connection?.id ?? null,
    destination_id: destination,
    status: waitMs > 0 ? "scheduled" : "pending",
    next_attempt_at: event.received_at + waitMs,
    created_at: event.received_at,
    replay_id: null,
    // A configured wait does not count towards the delivery's age.
    age_credit_ms: waitMs,
  };
}
