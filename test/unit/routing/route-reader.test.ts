// KV as a cache whose writes arrive in any order, and D1 as the truth.
import { beforeEach, describe, expect, it } from "vitest";
import type { StoredDocument } from "../../../src/model/route.ts";
import { sourceSpecSchema } from "../../../src/model/source.ts";
import type { SourceId } from "../../../src/model/ids.ts";
import { RouteReader, type UsedRoute } from "../../../src/routing/index.ts";

const ID = "src_a" as SourceId;

/** D1 with one source. */
let version: number;
let slug: string | null;
let published: number;
let kv: Map<string, StoredDocument | "deleted">;
let now: number;

const compile = (): StoredDocument[] =>
  slug === null ? [] : [{ version, source: { ...sourceSpecSchema.parse({ name: "a", slug }), id: ID }, routes: [] }];

/** @param arrival when a write of this isolate reaches KV */
function isolate(arrival: Promise<void> = Promise.resolve(), d1: "up" | "down" = "up"): RouteReader {
  return new RouteReader(
    {
      readCache: async (name) => kv.get(name) ?? null,
      writeCache: async (name, document) => arrival.then(() => void kv.set(name, document)),
      writeTombstone: async (name) => void kv.set(name, "deleted"),
      compile: async () => {
        if (d1 === "down") throw new Error("D1 is down");
        return compile();
      },
      markPublished: async (documents) => {
        for (const document of documents) published = Math.max(published, document.version);
        return new Map(slug === null ? [] : [[ID, { version, slug }]]);
      },
      report: (_what, error) => {
        throw error;
      },
    },
    () => now,
  );
}

const cachedVersion = (name: string): number | "deleted" | undefined => {
  const entry = kv.get(name);
  return entry === undefined || entry === "deleted" ? entry : entry.version;
};

const used = (usedVersion: number): ReadonlyMap<string, UsedRoute> =>
  new Map([[ID, { slug: "a", version: usedVersion }]]);

function latch(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

beforeEach(() => {
  version = 4;
  slug = "a";
  published = 3;
  kv = new Map();
  now = 1_000_000;
});

describe("publishing", () => {
  it("leaves the newest document in KV, whatever order the writes arrive in", async () => {
    const late = latch();
    const first = isolate(late.opened).publish([ID], []);
    await Promise.resolve();
    version = 5;
    await isolate().publish([ID], []);
    late.open();
    await first;
    expect([cachedVersion("a"), published]).toEqual([5, 5]);
  });

  it("does not bring a deleted source back with a late write", async () => {
    const late = latch();
    const first = isolate(late.opened).publish([ID], []);
    await Promise.resolve();
    slug = null;
    await isolate().publish([], ["a"]);
    late.open();
    await first;
    expect(cachedVersion("a")).toBe("deleted");
  });

  it("does not bring a former slug back with a late write", async () => {
    const late = latch();
    const first = isolate(late.opened).publish([ID], []);
    await Promise.resolve();
    [version, slug] = [5, "b"];
    await isolate().publish([ID], ["a"]);
    late.open();
    await first;
    expect([cachedVersion("a"), cachedVersion("b")]).toEqual(["deleted", 5]);
  });
});

describe("a KV entry that is older than D1's version", () => {
  const leaveStale = (): void => {
    const [document] = compile();
    if (document !== undefined) kv.set("a", document);
    version = 5;
    published = 5;
  };

  it("is published again by the consumer of an event that was accepted by it", async () => {
    leaveStale();
    const documents = await isolate().forBatch(used(4), new Map([[ID, 5]]));
    expect(documents.get(ID)?.version).toBe(5);
    expect(cachedVersion("a")).toBe(5);
  });

  it("is left alone for an event that was accepted by the current version", async () => {
    leaveStale();
    await isolate().forBatch(used(5), new Map([[ID, 5]]));
    expect(cachedVersion("a")).toBe(4);
  });

  it("is examined once a minute by one isolate, however many batches it consumes", async () => {
    leaveStale();
    const consumer = isolate();
    const versions = new Map([[ID, 5]]);
    await consumer.forBatch(used(4), versions);
    const [stale] = compile();
    if (stale !== undefined) kv.set("a", { ...stale, version: 4 });
    await consumer.forBatch(used(4), versions);
    expect(cachedVersion("a")).toBe(4);
    now += 60_000;
    await consumer.forBatch(used(4), versions);
    expect(cachedVersion("a")).toBe(5);
  });

  it("gives way to a tombstone when its source was deleted or renamed", async () => {
    leaveStale();
    slug = null;
    expect(await isolate().forBatch(used(4), new Map())).toEqual(new Map());
    expect(cachedVersion("a")).toBe("deleted");
    [slug, version] = ["a", 4];
    leaveStale();
    slug = "b";
    await isolate().forBatch(used(4), new Map([[ID, 5]]));
    expect([cachedVersion("a"), cachedVersion("b")]).toEqual(["deleted", 5]);
  });

  it("does not replace the newer document in an isolate's memory", async () => {
    leaveStale();
    const one = isolate();
    await one.forBatch(used(5), new Map([[ID, 5]]));
    expect((await one.bySlug("a", () => undefined))?.version).toBe(5);
  });
});

describe("a tombstone", () => {
  it("is asked of D1 again, since the slug can be used again", async () => {
    kv.set("a", "deleted");
    expect((await isolate().bySlug("a", () => undefined))?.version).toBe(4);
    slug = null;
    expect(await isolate().bySlug("a", () => undefined)).toBeNull();
  });

  it("answers while D1 is down, where an absent entry does not", async () => {
    kv.set("a", "deleted");
    const one = isolate(undefined, "down");
    expect(await one.bySlug("a", () => undefined)).toBeNull();
    await expect(one.bySlug("b", () => undefined)).rejects.toThrow("D1 is down");
  });
});
