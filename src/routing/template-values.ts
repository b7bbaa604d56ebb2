// What templates and expressions can name of an event.
import { toInstant } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { SluiceEvent } from "../model/event.ts";
import { bodyView, headerFields, queryFields, type BodySource } from "./request-views.ts";
import type { TemplateRoot } from "./template.ts";

export type TemplateValues = Readonly<Record<TemplateRoot, unknown>>;

/** Fails with a message for the user where the body cannot be read. @param body null if nothing reads it */
export function templateValues(
  event: SluiceEvent,
  body: BodySource | null,
  sourceSlug: string | null,
): Result<TemplateValues, string> {
  const view = body === null ? { value: undefined, unreadable: null } : bodyView(event, body);
  if (view.unreadable !== null) return err(`the body ${view.unreadable}`);
  return ok({
    body: view.value,
    headers: headerFields(event.headers),
    query: queryFields(event.query),
    path: event.path,
    method: event.method,
    event: {
      id: event.id,
      type: event.event_type ?? null,
      received_at: toInstant(event.received_at),
      verified: event.verified,
    },
    source: sourceSlug,
  });
}
