// Reads route documents: this isolate's memory first, then KV, then D1. A slug that does not exist is remembered briefly, so that
// random slugs do not hammer D1.
import { MAX_CACHED_ROUTES, PUBLISH_WIDTH, ROUTE_MISS_TTL_MS, ROUTE_TTL_MS } from "../config/limits.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { runPool } from "../kernel/pool.ts";
import type { RouteDocument } from "../model/route.ts";

/** Where documents come from and go to; `compile` is D1, `cache` is KV. Each may throw. */
export interface RouteOrigins {
  readCache(slug: string): Promise<RouteDocument | null>;
  writeCache(slug: string, document: RouteDocument): Promise<void>;
  dropCache(slug: string): Promise<void>;
  compile(by: { readonly ids: readonly string[] } | { readonly slug: string }): Promise<RouteDocument[]>;
  markPublished(documents: readonly RouteDocument[]): Promise<void>;
}

interface Entry {
  readonly document: RouteDocument | null;
  readonly at: number;
}

export class RouteReader {
  readonly origins: RouteOrigins;
  readonly now: Clock;
  readonly #bySlug = new BoundedMap<string, Entry>(MAX_CACHED_ROUTES);
  readonly #byId = new BoundedMap<string, RouteDocument>(MAX_CACHED_ROUTES);

  constructor(origins: RouteOrigins, now: Clock) {
    this.origins = origins;
    this.now = now;
  }

  /**
   * The document behind `/in/{slug}`, or null when there is none. Throws when neither memory nor KV knows it and D1 cannot be asked.
   * @param background takes the refreshing of a copy that is past its time but still good enough to answer with
   */
  async bySlug(slug: string, background: (work: Promise<unknown>) => void): Promise<RouteDocument | null> {
    const entry = this.#bySlug.get(slug);
    const age = entry === undefined ? Infinity : this.now() - entry.at;
    if (entry !== undefined && age < (entry.document === null ? ROUTE_MISS_TTL_MS : ROUTE_TTL_MS))
      return entry.document;
    if (entry?.document != null && age < 12 * ROUTE_TTL_MS) {
      // Refreshed behind the answer; a failure leaves the old copy in place.
      background(this.#fetch(slug).catch(() => null));
      return entry.document;
    }
    return this.#fetch(slug);
  }

  async #fetch(slug: string): Promise<RouteDocument | null> {
    const cached = await this.origins.readCache(slug).catch(() => null);
    // KV remembers misses too, so only D1 can say that there is no such source.
    const document = cached ?? (await this.origins.compile({ slug }))[0] ?? null;
    const known = document === null ? undefined : this.#byId.get(document.source.id);
    // KV may lag behind what this isolate has seen.
    return this.#keep(
      slug,
      known !== undefined && document !== null && known.version > document.version ? known : document,
    );
  }

  #keep(slug: string, document: RouteDocument | null): RouteDocument | null {
    this.#bySlug.set(slug, { document, at: this.now() });
    if (document !== null) this.#byId.set(document.source.id, document);
    return document;
  }

  /**
   * The documents for a batch, current as of `versions`; a source that is missing there no longer exists and has no document.
   * @param versions by source id; null when D1 cannot be read: then memory and KV must do
   */
  async forBatch(
    sources: ReadonlyMap<string, string | null>,
    versions: ReadonlyMap<string, number> | null,
  ): Promise<Map<string, RouteDocument>> {
    const out = new Map<string, RouteDocument>();
    const stale: string[] = [];
    for (const [id, slug] of sources) {
      const known = this.#byId.get(id);
      if (versions === null) {
        const document = known ?? (slug === null ? null : await this.origins.readCache(slug).catch(() => null));
        if (document?.source.id === id) out.set(id, document);
      } else if (known !== undefined && known.version === versions.get(id)) out.set(id, known);
      else if (versions.has(id)) stale.push(id);
    }
    if (stale.length > 0) {
      for (const document of await this.origins.compile({ ids: stale })) {
        this.#keep(document.source.slug, document);
        out.set(document.source.id, document);
      }
    }
    return out;
  }

  /** Compiles the documents of these sources anew and puts them where ingest looks for them. */
  async publish(sourceIds: readonly string[], removedSlugs: readonly string[]): Promise<void> {
    await runPool(removedSlugs, PUBLISH_WIDTH, (slug) => {
      this.#bySlug.delete(slug);
      return this.origins.dropCache(slug);
    });
    if (sourceIds.length === 0) return;
    const documents = await this.origins.compile({ ids: sourceIds });
    await runPool(documents, PUBLISH_WIDTH, (document) => {
      this.#keep(document.source.slug, document);
      return this.origins.writeCache(document.source.slug, document);
    });
    await this.origins.markPublished(documents);
  }
}
