// The type of an event, as its sender names it: `invoice.paid`, `push`, `orders/create`.
import { MAX_EVENT_TYPE_LENGTH } from "../../config/limits.ts";
import { jsonPathSteps, valueAt } from "../../kernel/json-path.ts";
import { headerValue, type HeaderList } from "../../model/event.ts";
import type { EventTypeRule } from "../../model/event-type.ts";
import { EVENT_TYPE_PLACES, type EventTypePlace } from "./event-type-places.ts";

/** Route documents that an earlier version wrote lack `event_type`. */
interface Typed {
  readonly verification: { readonly type: string };
  readonly event_type?: EventTypeRule | null;
}

/**
 * Null where there is none, or none that may be shown: longer than 128 characters, or with control characters.
 * @param body reads it, once at most: a JSON value or the fields of a form; undefined when it cannot be read
 */
export function eventType(source: Typed, headers: HeaderList, body: () => unknown): string | null {
  const { event_type: own = null, verification } = source;
  let read: { readonly value: unknown } | null = null;
  const value = (): unknown => (read ??= { value: body() }).value;
  for (const place of own === null ? placesOf(verification.type) : [own]) {
    const type = plainType(valueOf(place, headers, value));
    if (type !== null) return type;
  }
  return null;
}

const placesOf = (type: string): readonly EventTypePlace[] =>
  Object.hasOwn(EVENT_TYPE_PLACES, type) ? EVENT_TYPE_PLACES[type as keyof typeof EVENT_TYPE_PLACES] : [];

function valueOf(place: EventTypePlace, headers: HeaderList, read: () => unknown): unknown {
  if ("header" in place) return headerValue(headers, place.header);
  const body = read();
  if ("json" in place) return valueAt(body, jsonPathSteps(place.json));
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  return Object.keys(body).find((name) => place.member.test(name));
}

function plainType(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "bigint") return null;
  const text = String(value).trim();
  const fits = text.length > 0 && text.length <= MAX_EVENT_TYPE_LENGTH && !/\p{Cc}|\p{Cs}/u.test(text);
  return fits ? text : null;
}
