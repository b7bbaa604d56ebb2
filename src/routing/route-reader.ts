// Reads route documents: first this isolate's memory, then KV, then D1. An unknown slug is remembered briefly, so that random slugs do not
// flood D1. KV may be stale: a consumer that sees an entry older than D1's version publishes the source again.
import {
  MAX_CACHED_ROUTES,
  PUBLISH_ROUNDS,
  PUBLISH_WIDTH,
  REPUBLISH_MS,
  ROUTE_MISS_TTL_MS,
  ROUTE_STALE_MS,
  ROUTE_TTL_MS,
} from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { runPool } from "../kernel/pool.ts";
import { readDocument, type RouteDocument, type StoredDocument } from "../model/route.ts";

/** The stores of documents: `compile` and `markPublished` use D1, the cache is KV. Each call may throw. */
export interface RouteOrigins {
  /** Null for no entry, `deleted` for the tombstone of a source that was deleted or renamed. */
  readCache(slug: string): Promise<StoredDocument | "deleted" | null>;
  writeCache(slug: string, document: StoredDocument): Promise<void>;
  /** Replaces the entry by a tombstone, which expires. */
  writeTombstone(slug: string): Promise<void>;
  compile(by: { readonly ids: readonly string[] } | { readonly slug: string }): Promise<StoredDocument[]>;
  /** Records what has been published. @returns what D1 has now, by source id; a deleted source is missing */
  markPublished(documents: readonly StoredDocument[]): Promise<ReadonlyMap<string, Current>>;
  readonly report: (what: string, error: unknown) => void;
}

interface Current {
  readonly version: number;
  readonly slug: string;
}

/** The route document that ingest used to accept an event; nulls when it used none. */
export interface UsedRoute {
  readonly slug: string | null;
  readonly version: number | null;
}

interface Entry {
  readonly document: RouteDocument;
  readonly at: number;
}

export class RouteReader {
  readonly origins: RouteOrigins;
  readonly now: Clock;
  readonly #bySlug = new BoundedMap<string, Entry>(MAX_CACHED_ROUTES);
  /** When a slug was found to name no source. A map of its own, so that random slugs displace no documents. */
  readonly #missedAt = new BoundedMap<string, number>(MAX_CACHED_ROUTES);
  readonly #byId = new BoundedMap<string, RouteDocument>(MAX_CACHED_ROUTES);
  /** When this isolate last examined the KV entry of a source. */
  readonly #examined = new BoundedMap<string, number>(MAX_CACHED_ROUTES);

  constructor(origins: RouteOrigins, now: Clock) {
    this.origins = origins;
    this.now = now;
  }

  /**
   * The document behind `/in/{slug}`, or null when there is none. Throws when neither memory nor KV has it and D1 cannot be read, or when
   * its source is one that only a newer release can read.
   * @param background refreshes a copy that has expired but may still be used for an answer
   */
  async bySlug(slug: string, background: (work: Promise<unknown>) => void): Promise<RouteDocument | null> {
    const now = this.now();
    if (now - (this.#missedAt.get(slug) ?? -Infinity) < ROUTE_MISS_TTL_MS) return null;
    const entry = this.#bySlug.get(slug);
    const age = entry === undefined ? Infinity : now - entry.at;
    if (entry !== undefined && age < ROUTE_TTL_MS) return entry.document;
    if (entry !== undefined && age < ROUTE_STALE_MS) {
      // A failure leaves the old copy in place.
      background(this.#fetch(slug).catch(() => null));
      return entry.document;
    }
    return this.#fetch(slug);
  }

  async #fetch(slug: string): Promise<RouteDocument | null> {
    const cached = await this.origins.readCache(slug).catch(() => null);
    const document = cached === null || cached === "deleted" ? await this.#fetchCompiled(slug, cached) : cached;
    return this.#keep(slug, document === null ? null : readDocument(document));
  }

  /** Only D1 can tell that a source does not exist: KV caches misses too, and a slug can be reused. */
  async #fetchCompiled(slug: string, cached: "deleted" | null): Promise<StoredDocument | null> {
    try {
      return (await this.origins.compile({ slug }))[0] ?? null;
    } catch (error) {
      if (cached === null) throw error;
      return null;
    }
  }

  /** An older document never replaces a newer one: KV may lag behind what this isolate has seen. */
  #keep(slug: string, read: RouteDocument | null): RouteDocument | null {
    const known = read === null ? undefined : this.#byId.get(read.source.id);
    const document = known !== undefined && known.version > (read?.version ?? 0) ? known : read;
    if (document === null) {
      this.#bySlug.delete(slug);
      this.#missedAt.set(slug, this.now());
      return null;
    }
    this.#missedAt.delete(slug);
    this.#bySlug.set(slug, { document, at: this.now() });
    this.#byId.set(document.source.id, document);
    return document;
  }

  /**
   * The documents for a batch, current as of `versions`. A source that is missing there was deleted; it has no document, and neither has
   * one that only a newer release can read.
   * @param used by source id, the oldest document that accepted an event of the batch
   * @param versions by source id; null while D1 cannot be read: then only memory and KV are used
   */
  async forBatch(
    used: ReadonlyMap<string, UsedRoute>,
    versions: ReadonlyMap<string, number> | null,
  ): Promise<Map<string, RouteDocument>> {
    const out = new Map<string, RouteDocument>();
    if (versions === null) {
      for (const [id, { slug }] of used) {
        const document = this.#byId.get(id) ?? (slug === null ? null : await this.#fromCache(slug));
        if (document?.source.id === id) out.set(id, document);
      }
      return out;
    }
    const stale: string[] = [];
    for (const id of used.keys()) {
      const known = this.#byId.get(id);
      if (known !== undefined && known.version === versions.get(id)) out.set(id, known);
      else if (versions.has(id)) stale.push(id);
    }
    const compiled = stale.length === 0 ? [] : await this.origins.compile({ ids: stale });
    for (const stored of compiled) {
      const document = this.#read(stored);
      if (document !== null) out.set(document.source.id, this.#keep(document.source.slug, document) ?? document);
    }
    await this.#repairCache(used, versions);
    return out;
  }

  async #fromCache(slug: string): Promise<RouteDocument | null> {
    const cached = await this.origins.readCache(slug).catch(() => null);
    return cached === null || cached === "deleted" ? null : this.#read(cached);
  }

  #read(stored: StoredDocument): RouteDocument | null {
    try {
      return readDocument(stored);
    } catch (error) {
      this.origins.report(`source ${stored.source.id} unreadable`, error);
      return null;
    }
  }

  /** Publishes sources again that accepted events by an outdated document, or that have been deleted. */
  async #repairCache(used: ReadonlyMap<string, UsedRoute>, versions: ReadonlyMap<string, number>): Promise<void> {
    const now = this.now();
    for (const [id, { slug, version }] of used) {
      const current = versions.get(id);
      if (slug === null || version === null || (current !== undefined && version >= current)) continue;
      // A change takes a while to reach all of KV; meanwhile this isolate processes many batches.
      if (now - (this.#examined.get(id) ?? -Infinity) < REPUBLISH_MS) continue;
      this.#examined.set(id, now);
      try {
        await this.#repairEntry(id, slug, current ?? Infinity);
      } catch (error) {
        this.origins.report("route document not published again", error);
      }
    }
  }

  async #repairEntry(id: string, slug: string, current: number): Promise<void> {
    const cached = await this.origins.readCache(slug);
    if (cached === null || cached === "deleted" || cached.source.id !== id || cached.version >= current) return;
    const slugNow = this.#byId.get(id)?.source.slug;
    if (current === Infinity || slugNow !== slug) await this.origins.writeTombstone(slug);
    if (current !== Infinity) await this.publish([id], []);
  }

  /**
   * Compiles the documents of these sources and writes them where ingest reads them. Publishers may run at the same time and their
   * writes arrive in any order: each compares with D1 after it has written.
   */
  async publish(sourceIds: readonly string[], removedSlugs: readonly string[]): Promise<void> {
    await this.#removeFromCache(removedSlugs);
    let ids = sourceIds;
    for (let round = 0; round < PUBLISH_ROUNDS && ids.length > 0; round++) {
      const documents = await this.origins.compile({ ids });
      await runPool(documents, PUBLISH_WIDTH, (document) => {
        const read = this.#read(document);
        if (read !== null) this.#keep(read.source.slug, read);
        return this.origins.writeCache(document.source.slug, document);
      });
      const current = await this.origins.markPublished(documents);
      const overtaken = documents.filter(({ source, version }) => current.get(source.id)?.version !== version);
      await this.#removeFromCache(
        overtaken.flatMap(({ source }) => (current.get(source.id)?.slug === source.slug ? [] : [source.slug])),
      );
      ids = overtaken.flatMap(({ source }) => (current.has(source.id) ? [source.id] : []));
    }
  }

  async #removeFromCache(slugs: readonly string[]): Promise<void> {
    await runPool(slugs, PUBLISH_WIDTH, (slug) => {
      this.#bySlug.delete(slug);
      return this.origins.writeTombstone(slug);
    });
  }
}
