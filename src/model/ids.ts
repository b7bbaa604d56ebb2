// Ids: a prefix for the kind, then digits that sort by time of creation. Branded, so that kinds cannot be mixed up.
import { toBase32, timeToBase32, base32ToTime } from "../kernel/base32.ts";
import { utf8 } from "../kernel/bytes.ts";
import { toInstant } from "../kernel/clock.ts";
import { randomBytes } from "../kernel/random.ts";

export type SourceId = string & { readonly __kind: "source" };
export type DestinationId = string & { readonly __kind: "destination" };
export type ConnectionId = string & { readonly __kind: "connection" };
export type EventId = string & { readonly __kind: "event" };
export type DeliveryId = string & { readonly __kind: "delivery" };
export type ReplayId = string & { readonly __kind: "replay" };

/** Digits after the prefix: 10 of time, then 13 random and 9 of proof (events), or 16 random (all others). */
const EVENT_DIGITS = 32;
const SUFFIX_DIGITS = 10;

const mint = (prefix: string, now: number): string => `${prefix}_${timeToBase32(now)}${toBase32(randomBytes(10))}`;

export const newSourceId = (now: number): SourceId => mint("src", now) as SourceId;
export const newDestinationId = (now: number): DestinationId => mint("dst", now) as DestinationId;
export const newConnectionId = (now: number): ConnectionId => mint("con", now) as ConnectionId;
export const newTokenId = (now: number): string => mint("tok", now);
export const newAlertId = (now: number): string => mint("alr", now);
export const newAuditId = (now: number): string => mint("aud", now);
export const newReplayId = (now: number): ReplayId => mint("rpl", now) as ReplayId;

const EVENT_ID = new RegExp(`^evt_[0-9a-hjkmnp-tv-z]{${EVENT_DIGITS}}$`);
const DELIVERY_ID = new RegExp(`^dlv_[0-9a-hjkmnp-tv-z]{${EVENT_DIGITS + SUFFIX_DIGITS}}$`);

export const isEventId = (text: string): text is EventId => EVENT_ID.test(text);
export const isDeliveryId = (text: string): text is DeliveryId => DELIVERY_ID.test(text);

const CONFIG_ID = {
  sources: /^src_[0-9a-hjkmnp-tv-z]{26}$/,
  // Callbacks have their host in place of a destination.
  destinations: /^(dst_[0-9a-hjkmnp-tv-z]{26}|callback_.+)$/,
  connections: /^con_[0-9a-hjkmnp-tv-z]{26}$/,
} as const;

/** Whether a source, destination or connection can have this id, whether or not there is one. */
export const isConfigId = (kind: keyof typeof CONFIG_ID, text: string): boolean => CONFIG_ID[kind].test(text);

/** The part of an event id that its proof covers: time and random digits, without the prefix. */
export const provenDigits = (id: EventId): string => id.slice(4, 4 + 23);
export const proofDigits = (id: EventId): string => id.slice(4 + 23);

/** Time and random digits of a new event id. */
export const newEventDigits = (now: number): string => timeToBase32(now) + toBase32(randomBytes(9)).slice(0, 13);

/** When the event was accepted, milliseconds since the epoch. */
export const eventTime = (id: EventId): number => idTime(id);
/** When anything with an id was created. Milliseconds since the epoch. */
export const idTime = (id: string): number => keyTime(id) ?? 0;
/** The same for a bound of a range of keys; null for one that has no time. */
export const keyTime = (key: string): number | null => base32ToTime(key.slice(4));

/**
 * The id of an event's delivery over one connection. The same pair has the same id, so that a message which the queue delivers twice
 * makes one delivery; and all deliveries of an event are adjacent in key order.
 * @param via the connection, or the destination of an event that was published straight to it
 */
export const makeDeliveryId = (event: EventId, via: ConnectionId | DestinationId): DeliveryId =>
  `dlv_${event.slice(4)}${via.slice(-SUFFIX_DIGITS)}` as DeliveryId;

/** @param seed the same seed gives the same id */
export const seededReplayId = async (now: number, seed: string): Promise<ReplayId> =>
  `rpl_${timeToBase32(now)}${(await digestDigits(seed)).slice(0, 16)}` as ReplayId;

/**
 * The id of a replay's delivery. The same for the same run and connection, so that a run which repeats a step sends nothing twice.
 * @param via as in `makeDeliveryId`
 */
export const replayDeliveryId = async (run: ReplayId, event: EventId, via: string): Promise<DeliveryId> =>
  `dlv_${event.slice(4)}${(await digestDigits(`${run}\n${event}\n${via}`)).slice(0, SUFFIX_DIGITS)}` as DeliveryId;

const digestDigits = async (text: string): Promise<string> =>
  toBase32(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));

export const eventIdOf = (delivery: DeliveryId): EventId => `evt_${delivery.slice(4, 4 + EVENT_DIGITS)}` as EventId;

/** The lowest key of any id created at `ms` or later: the lower bound of a range of time. */
export const firstKeyAt = (prefix: "evt" | "dlv" | "aud", ms: number): string =>
  `${prefix}_${timeToBase32(Math.max(0, ms))}`;

/** The lowest id that an event of that instant can have. */
export const firstEventAt = (ms: number): EventId =>
  firstKeyAt("evt", ms).padEnd("evt_".length + EVENT_DIGITS, "0") as EventId;

/** The R2 key of an event's body, by day: the sweep removes bodies of days past retention that no event names. */
export const bodyKey = (id: EventId): string => `bodies/${dayOf(eventTime(id))}/${id}`;

/** Bodies of events from before `ms`: ranges of keys, from and to exclusive. Earlier releases did not group them by day. */
export const bodyKeysBefore = (ms: number): readonly { readonly from: string; readonly to: string }[] => [
  { from: "bodies/", to: `bodies/${dayOf(ms)}/` },
  { from: "bodies/evt_", to: `bodies/${firstKeyAt("evt", ms)}` },
];

/** The R2 key of a batch's payloads: by day, then by time. @param at when they are stored, milliseconds since the epoch @param batch digits */
export const payloadKey = (at: number, batch: string): string => `payloads/${dayOf(at)}/${timeToBase32(at)}${batch}`;

/** When the object was stored. Milliseconds since the epoch. */
export const payloadTime = (key: string): number => base32ToTime(key.slice(key.lastIndexOf("/") + 1)) ?? 0;

/** The event of a body's key; null for any other key. */
export function bodyEventId(key: string): EventId | null {
  const id = key.slice(key.lastIndexOf("/") + 1);
  return isEventId(id) ? id : null;
}

const dayOf = (ms: number): string => toInstant(ms).slice(0, 10);

/** Sorts after every id that begins with `key`. */
export const afterKey = (key: string): string => `${key}~`;
