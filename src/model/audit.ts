// The audit log: who changed what, and when. It names fields, never their values, so that it can hold no secret.
import { isObject, type JsonObject } from "../kernel/json-object.ts";

export const AUDIT_ACTIONS = [
  "create",
  "update",
  "delete",
  "pause",
  "resume",
  "rotate_secret",
  "retry",
  "cancel",
  "replay",
  "disable",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDIT_KINDS = [
  "source",
  "destination",
  "connection",
  "event",
  "delivery",
  "replay",
  "token",
  "alert",
  "issue",
] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** The actor of what Sluice changes by itself, such as a connection that its receiver ended. */
export const SLUICE_ACTOR = { id: "sluice", name: "Sluice" } as const;

export interface AuditEntry {
  readonly id: string;
  /** A principal's id, or `sluice`. */
  readonly actor: string;
  /** As it was then: a token may have been deleted since. */
  readonly actor_name: string;
  readonly action: AuditAction;
  readonly kind: AuditKind;
  readonly resource_id: string;
  /** The slug, or the name of what has no slug; null for events and deliveries. */
  readonly resource_name: string | null;
  /** JSON pointers to the fields that an update changed; empty for every other action. */
  readonly changed: readonly string[];
  readonly request_id: string | null;
}

/** Fields that one entry names. */
const MAX_CHANGED = 100;

/** A stored secret counts as one value, whatever its form. */
const isSecret = (value: Readonly<JsonObject>): boolean => "sealed" in value || "secret" in value;
const escape = (part: string): string => part.replaceAll("~", "~0").replaceAll("/", "~1");

/** JSON pointers (RFC 6901) to the differences between two configurations. Lists are compared as a whole. */
export function changedFields(before: unknown, after: unknown): string[] {
  return differences(before, after, "").slice(0, MAX_CHANGED);
}

function differences(before: unknown, after: unknown, at: string): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isObject(before) || !isObject(after) || isSecret(before) || isSecret(after)) return [at === "" ? "/" : at];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => differences(before[name], after[name], `${at}/${escape(name)}`));
}
