// The headers that a destination is configured with: which are allowed, and their values for one delivery. Pure.
import { MAX_HEADER_VALUE_LENGTH } from "../../config/limits.ts";
import { toInstant } from "../../kernel/clock.ts";
import { headerValue, type HeaderList } from "../../model/event.ts";
import { fillTemplate, templateFault, type Placeholder } from "../../model/header-template.ts";
import type { Sending } from "../types.ts";
import { isHopByHop } from "../../outbound/index.ts";

/** Headers that identify a delivery: only Sluice sets them. */
const isOurs = (name: string): boolean => /^(webhook-(id|timestamp|signature)|sluice-.*)$/.test(name);

/** The faulty headers, each with an explanation for the user. @param headers have passed the schema */
export function headerFaults(headers: Readonly<Record<string, string>>): { name: string; detail: string }[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const detail = seen.has(lower)
      ? "appears twice"
      : isHopByHop(lower)
        ? "belongs to the connection and cannot be set"
        : isOurs(lower)
          ? "is set by Sluice"
          : templateFault(value);
    seen.add(lower);
    return detail === null ? [] : [{ name, detail }];
  });
}

/** The configured headers with their variables filled in. Headers that older configuration has but that are no longer allowed are left out. */
export function destinationHeaders(sending: Sending): HeaderList {
  return Object.entries(sending.destination.headers)
    .filter(([name]) => !isHopByHop(name) && !isOurs(name.toLowerCase()))
    .map(([name, value]) => [
      name,
      fillTemplate(value, (placeholder) => inert(placeholderValue(placeholder, sending))).slice(
        0,
        MAX_HEADER_VALUE_LENGTH,
      ),
    ]);
}

function placeholderValue(placeholder: Placeholder, { event, delivery, sourceSlug }: Sending): string {
  switch (placeholder.kind) {
    case "event.id":
      return event.id;
    case "event.type":
      return event.event_type ?? "";
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

/** Senders choose these values: line breaks and anything outside ASCII are percent-encoded. */
export const inert = (value: string): string =>
  value.toWellFormed().replaceAll(/[^\t\x20-\x7e]/gu, (character) => encodeURIComponent(character));
