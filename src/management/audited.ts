// The audit entry of a change.
import type { AuditEntry } from "../model/audit.ts";
import { newAuditId } from "../model/ids.ts";
import { KIND_NAMES } from "./specs.ts";
import type { Kind } from "../store/index.ts";
import type { Actor } from "./ports.ts";

export type Audited = Pick<AuditEntry, "action" | "kind" | "resource_id"> &
  Partial<Pick<AuditEntry, "resource_name" | "changed">>;

/** @param now of the change, milliseconds since the epoch */
export const auditEntry = (actor: Actor, now: number, change: Audited): AuditEntry => ({
  id: newAuditId(now),
  actor: actor.id,
  actor_name: actor.name,
  resource_name: null,
  changed: [],
  request_id: actor.request_id,
  ...change,
});

/** The change of a source, destination or connection. */
export const recordChange = (
  kind: Kind,
  action: Audited["action"],
  { id, slug }: { readonly id: string; readonly slug: string },
  changed: readonly string[] = [],
): Audited => ({ action, kind: KIND_NAMES[kind], resource_id: id, resource_name: slug, changed });
