// The audit entry of a change that a request makes.
import type { Context } from "hono";
import type { AuditEntry } from "../model/audit.ts";
import { newAuditId } from "../model/ids.ts";
import type { ApiEnv } from "./deps.ts";

export type Audited = Pick<AuditEntry, "action" | "kind" | "resource_id"> &
  Partial<Pick<AuditEntry, "resource_name" | "changed">>;

/** @param now of the change, milliseconds since the epoch */
export function audited(c: Context<ApiEnv>, now: number, change: Audited): AuditEntry {
  const { id: actor, name: actor_name } = c.get("principal");
  return {
    id: newAuditId(now),
    actor,
    actor_name,
    resource_name: null,
    changed: [],
    request_id: c.get("requestId"),
    ...change,
  };
}
