// What the stand-in's account holds.
import { createHash, randomUUID } from "node:crypto";
import type { D1 } from "./d1.ts";

export interface AccountSettings {
  readonly plan?: "paid" | "free";
  /** Null for an account without a name on workers.dev. */
  readonly subdomain?: string | null;
  readonly r2?: boolean;
  /** Permission groups that the token may tell of itself; null for one that may not. */
  readonly token?: readonly string[] | null;
  readonly zones?: readonly string[];
  /** Host names with a DNS record of their own. */
  readonly records?: readonly string[];
}

export interface Binding {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface Version {
  readonly id: string;
  readonly created_on: string;
  readonly bindings: readonly Binding[];
  readonly limits: unknown;
  readonly annotations: unknown;
}

export interface Script {
  readonly tag: string;
  tags: unknown;
  migration_tag: string | undefined;
  readonly versions: Version[];
  readonly deployments: { readonly id: string; readonly created_on: string; readonly versions: unknown }[];
  readonly secrets: Record<string, string>;
  subdomain: { enabled: boolean; previews_enabled: boolean };
  schedules: unknown[];
  domains: { readonly hostname: string }[];
}

export interface Consumer {
  readonly consumer_id: string;
  readonly type: string;
  readonly script: string;
  dead_letter_queue: string | undefined;
  settings: Readonly<Record<string, unknown>>;
}

export interface QueueState {
  readonly name: string;
  readonly settings: Record<string, unknown>;
  consumers: Consumer[];
}

export interface State {
  readonly settings: Required<AccountSettings>;
  readonly scripts: Record<string, Script>;
  /** By id. */
  readonly d1: Record<string, { readonly name: string; readonly db: D1 }>;
  readonly kv: Record<string, { readonly title: string }>;
  /** Objects by bucket and key. */
  readonly r2: Record<string, Map<string, string>>;
  readonly queues: Record<string, QueueState>;
  readonly objects: Set<string>;
  readonly assets: Set<string>;
  readonly zones: readonly { readonly id: string; readonly name: string }[];
}

export const ACCOUNT = "a".repeat(32);

export function newState(given: AccountSettings): State {
  const settings = {
    plan: "paid",
    subdomain: "acme",
    r2: true,
    token: null,
    zones: ["example.com"],
    records: [],
    ...given,
  } as const;
  return {
    settings,
    scripts: {},
    d1: {},
    kv: {},
    r2: {},
    queues: {},
    objects: new Set(),
    assets: new Set(),
    zones: settings.zones.map((name) => ({ id: createHash("md5").update(name).digest("hex"), name })),
  };
}

export const hex = (): string => randomUUID().replaceAll("-", "");
export const instant = (): string => new Date().toISOString();

export const newScript = (): Script => ({
  tag: hex(),
  tags: [],
  migration_tag: undefined,
  versions: [],
  deployments: [],
  secrets: {},
  subdomain: { enabled: false, previews_enabled: false },
  schedules: [],
  domains: [],
});
