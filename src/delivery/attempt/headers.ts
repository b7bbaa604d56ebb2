// The headers that a destination is configured with: what may stand there, and what becomes of them for one delivery. Pure.
import { MAX_HEADER_VALUE_LENGTH } from "../../config/limits.ts";
import { toInstant } from "../../kernel/clock.ts";
import { headerValue, type HeaderList } from "../../model/event.ts";
import { fillTemplate, templateFault, type Placeholder } from "../../model/header-template.ts";
import type { Sending } from "../types.ts";
import { isHopByHop } from "../../outbound/index.ts";

// RFC 9110, section 7.6.1, and what the connection to the destination has of its own.
// prettier-ignore
/** Headers that tell a delivery: Sluice alone sets them. */
const isOurs = (name: string): boolean => /^(webhook-(id|timestamp|signature)|sluice-.*)$/.test(name);

/** Wrong headers by name, in words for the user. @param headers have passed the schema */
export function headerFaults(headers: Readonly<Record<string, string>>): { name: string; detail: string }[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const detail = seen.has(lower)
      ? "stands there twice"
      : isHopByHop(lower)
        ? "belongs to the connection and cannot be set"
        : isOurs(lower)
          ? "is set by Sluice"
          : templateFault(value);
    seen.add(lower);
    return detail === null ? [] : [{ name, detail }];
  });
}

/** With the variables filled in. What older configuration has and may not is left out. */
export function destinationHeaders(sending: Sending): HeaderList {
  return Object.entries(sending.destination.headers)
    .filter(([name]) => !isHopByHop(name) && !isOurs(name.toLowerCase()))
    .map(([name, value]) => [
      name,
      fillTemplate(value, (placeholder) => inert(valueOf(placeholder, sending))).slice(0, MAX_HEADER_VALUE_LENGTH),
    ]);
}

function valueOf(placeholder: Placeholder, { event, delivery, sourceSlug }: Sending): string {
  switch (placeholder.kind) {
    case "event.id":
      return event.id;
    case "event.received_at":
      return toInstant(event.received_at);
    case "source.slug":
      return sourceSlug ?? "";
    case "delivery.id":
      return delivery.id;
    case "attempt":
      return String(delivery.attempts_made + 1);
    case "path":
      return event.path;
    case "header":
      return headerValue(event.headers, placeholder.name) ?? "";
    case "query":
      return new URLSearchParams(event.query).get(placeholder.name) ?? "";
  }
}

/** Senders write these: whatever could end a header line or is no ASCII is percent-encoded. */
const inert = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\t\x20-\x7e]/gu, (character) => encodeURIComponent(character));
