// The configuration of one environment: wrangler.toml, with what environments.json changes, and with names of its own for every resource.
import { Advice } from "../cloudflare/advice.ts";
import { PRODUCTION } from "./options.ts";

/** wrangler.toml as it stands, as far as a deployment reads it. Everything else is passed on to wrangler unchanged. */
export interface RawConfig {
  readonly name?: string;
  readonly main?: string;
  readonly account_id?: string;
  readonly workers_dev?: boolean;
  /** Of CPU time. The free plan takes none. */
  readonly limits?: unknown;
  readonly vars?: Readonly<Record<string, string>>;
  readonly routes?: readonly (string | Route)[];
  readonly assets?: { readonly directory?: string };
  readonly d1_databases?: readonly Database[];
  readonly kv_namespaces?: readonly { readonly binding: string; readonly id?: string }[];
  readonly r2_buckets?: readonly { readonly binding: string; readonly bucket_name?: string }[];
  readonly ratelimits?: readonly { readonly name: string; readonly namespace_id: string }[];
  readonly queues?: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers?: readonly {
      readonly queue: string;
      readonly dead_letter_queue?: string;
      readonly max_batch_size?: number;
    }[];
  };
}

interface Database {
  readonly binding: string;
  readonly database_name?: string;
  readonly database_id?: string;
}

interface Route {
  readonly pattern: string;
  readonly custom_domain?: boolean;
}

export interface Environment {
  readonly env: string;
  /** The Worker's name, and the beginning of every resource's name. */
  readonly worker: string;
  readonly config: RawConfig;
  /** Custom domains, the first of which is the address that senders are told. */
  readonly domains: readonly string[];
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** @param environments of environments.json: what each changes in wrangler.toml @throws Advice for an environment that is not defined */
export function environmentOf(
  base: RawConfig,
  environments: Readonly<Record<string, RawConfig>>,
  env: string,
): Environment {
  const worker = base.name ?? "sluice";
  if (env === PRODUCTION) return withDomains(env, worker, base);
  const change = Object.hasOwn(environments, env) ? environments[env] : undefined;
  if (change === undefined)
    throw new Advice(
      `There is no environment "${env}". Defined are: ${[PRODUCTION, ...Object.keys(environments)].join(", ")}.
To define it, add "${env}": {} to environments.json; inside the braces goes what differs from wrangler.toml.`,
    );
  if (!NAME.test(env))
    throw new Advice(`The environment's name "${env}" must be lower-case letters, digits and hyphens.`);
  const own = `${worker}-${env}`;
  return withDomains(env, own, renamed(base, change, worker, own));
}

const withDomains = (env: string, worker: string, config: RawConfig): Environment => ({
  env,
  worker,
  config: { ...config, name: worker },
  domains: (config.routes ?? []).flatMap((route) =>
    typeof route === "object" && route.custom_domain === true ? route.pattern : [],
  ),
});

/** Nothing of production is shared: ids and routes are dropped, and each name gets the environment's. */
function renamed(base: RawConfig, change: RawConfig, worker: string, own: string): RawConfig {
  const name = (given: string): string =>
    given === worker || given.startsWith(`${worker}-`) ? own + given.slice(worker.length) : `${own}-${given}`;
  const { routes: _routes, ...inherited } = base;
  return {
    ...inherited,
    ...change,
    vars: { ...base.vars, ...change.vars },
    d1_databases: (base.d1_databases ?? []).map(({ database_id: _id, ...database }) => ({
      ...database,
      database_name: name(databaseName(database, worker)),
    })),
    kv_namespaces: (base.kv_namespaces ?? []).map(({ id: _id, ...namespace }) => namespace),
    r2_buckets: (base.r2_buckets ?? []).map((bucket) => ({ ...bucket, bucket_name: name(bucketName(bucket, worker)) })),
    ratelimits: (base.ratelimits ?? []).map((limit) => ({ ...limit, namespace_id: numberOf(own, limit.namespace_id) })),
    queues: {
      producers: (base.queues?.producers ?? []).map((producer) => ({ ...producer, queue: name(producer.queue) })),
      consumers: (base.queues?.consumers ?? []).map((consumer) => ({
        ...consumer,
        queue: name(consumer.queue),
        ...(consumer.dead_letter_queue === undefined ? {} : { dead_letter_queue: name(consumer.dead_letter_queue) }),
      })),
    },
  };
}

/** As wrangler names what has no name. */
const defaultName = (worker: string, binding: string): string =>
  `${worker}-${binding.toLowerCase().replaceAll("_", "-")}`;
export const databaseName = ({ binding, database_name }: Database, worker: string): string =>
  database_name ?? defaultName(worker, binding);
export const bucketName = (
  bucket: { readonly binding: string; readonly bucket_name?: string },
  worker: string,
): string => bucket.bucket_name ?? defaultName(worker, bucket.binding);
export const namespaceTitle = (binding: string, worker: string): string => defaultName(worker, binding);

/** Every queue that the configuration names. */
export const queueNames = ({ queues }: RawConfig): readonly string[] => [
  ...new Set([
    ...(queues?.producers ?? []).map(({ queue }) => queue),
    ...(queues?.consumers ?? []).flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue ?? queue]),
  ]),
];

/** A rate limit's namespace is a number of the account's: the same for the same environment, and hardly another's. */
function numberOf(text: string, salt: string): string {
  let hash = 0;
  for (const letter of text + salt) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007;
  return String(10_000 + hash);
}
