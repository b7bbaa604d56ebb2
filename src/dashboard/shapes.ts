// The API's answers as the pages read them. Types only, taken from where the API makes them.
import type { Figures } from "../stats/index.ts";
import type { Ignored } from "../model/ignored.ts";
import type {
  showAlerts,
  attemptView,
  connectionView,
  deliveryView,
  destinationView,
  eventView,
  sourceView,
  replayView,
} from "../api/index.ts";

export interface List<T> {
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

export type SourceShape = ReturnType<typeof sourceView>;
export type DestinationShape = ReturnType<typeof destinationView>;
export type ConnectionShape = ReturnType<typeof connectionView>;
export type EventShape = ReturnType<typeof eventView>;
export type DeliveryShape = ReturnType<typeof deliveryView>;
export type AttemptShape = ReturnType<typeof attemptView>;

export type AlertShape = Awaited<ReturnType<typeof showAlerts>>[number];

/** `GET /events/{id}`. Straight after the 202 there is no more than id, status and instant. */
export type EventDetail = Partial<EventShape> &
  Pick<EventShape, "id" | "status" | "received_at"> & {
    readonly deliveries: readonly DeliveryShape[];
    readonly ignored_by: readonly Ignored[];
  };

/** `GET /deliveries/{id}`. */
export type DeliveryDetail = DeliveryShape & { readonly attempts: readonly AttemptShape[] };

export type ReplayShape = ReturnType<typeof replayView>;

/** `POST /replays` as a dry run. */
export type ReplayPlan = Pick<ReplayShape, "filter" | "rate_per_second" | "matched" | "matched_exact"> & {
  readonly estimated_seconds: number;
  readonly sample: readonly DeliveryShape[];
};

/** `GET /stats`. */
export interface StatsSeries {
  readonly source?: string | null;
  readonly destination?: string | null;
  readonly totals: Figures;
  readonly points: readonly (Figures & { readonly at: string })[];
}
export interface Stats {
  readonly from: string;
  readonly to: string;
  readonly interval_seconds: number;
  /** All groups together; null where nothing is grouped. */
  readonly overall: StatsSeries | null;
  readonly series: readonly StatsSeries[];
}

/** `GET /queues`. */
export interface Queues {
  readonly queues: readonly {
    readonly name: string;
    readonly backlog_count: number | null;
    readonly backlog_bytes: number | null;
    readonly oldest_message_at: string | null;
  }[];
  readonly database: { readonly size_bytes: number; readonly max_bytes: number };
}

/** Of `GET /ledger`. */
export interface Ledger {
  readonly balanced: boolean;
  readonly data: readonly {
    readonly hour: string;
    readonly source: string | null;
    readonly source_slug: string | null;
    readonly events: number;
    readonly matched: number;
    readonly delivered: number;
    readonly dead: number;
    readonly cancelled: number;
    readonly in_flight: number;
    readonly difference: number;
    readonly balanced: boolean;
  }[];
  readonly differences: readonly { readonly kind: string; readonly event: string; readonly delivery: string | null }[];
  readonly next_cursor: string | null;
}

/** Of `GET /destinations?expand=state`. */
export interface DestinationState {
  readonly circuit: string;
  readonly lane: string;
  readonly consecutive_failures: number;
  readonly throttled: boolean;
  readonly rate_per_second: number | null;
}
