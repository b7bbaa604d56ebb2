// Reads the contents of a page's events, each payload object once, and searches them.
import { MAX_OPEN_BODIES } from "../config/limits.ts";
import { decodeUtf8 } from "../kernel/bytes.ts";
import { runPool } from "../kernel/pool.ts";
import { err, type Result } from "../kernel/result.ts";
import type { Content, ContentPlace, EventHead, ListedEvent, NoContent, Page } from "./types.ts";

export type ReadContents = <K>(
  places: ReadonlyMap<K, ContentPlace>,
) => Promise<ReadonlyMap<K, Result<Content, NoContent>>>;

type Placed = Pick<ListedEvent, "place">;

const objectOf = ({ place }: Placed): string | null => (place.kind === "r2" ? place.key : null);

/** As many of the first ones as take at most `max` payload objects. */
export function firstWithin<T extends Placed>(all: readonly T[], max: number): readonly T[] {
  const objects = new Set<string>();
  const cut = all.findIndex((one) => {
    const object = objectOf(one);
    return object !== null && objects.add(object).size > max;
  });
  return cut < 0 ? all : all.slice(0, cut);
}

/** The page as far as it takes at most `max` payload objects. */
export function withinObjects(page: Page<ListedEvent>, max: number): Page<ListedEvent> {
  const rows = firstWithin(page.rows, max);
  return rows.length === page.rows.length ? page : { rows, next: rows.at(-1)?.id ?? null };
}

/** What `use` makes of each event with its content. One object after the other, so that few bodies are in memory at a time. */
export async function readEach<P extends Placed, T>(
  listed: readonly P[],
  contents: ReadContents,
  use: (listed: P, content: Result<Content, NoContent>) => T,
): Promise<T[]> {
  const byObject = Map.groupBy(listed, objectOf);
  const made = new Map<P, T>();
  await runPool([...byObject.values()], MAX_OPEN_BODIES, async (group) => {
    const found = await contents(new Map(group.map((one) => [one, one.place])));
    for (const one of group) made.set(one, use(one, found.get(one) ?? err("missing")));
  });
  return listed.map((one) => made.get(one) as T);
}

/**
 * Whether the text is in the path, the query, a header or a body that is text. As SQLite compares: ASCII letters match in either case. Headers and
 * query with a credential in them are not searched: a search could guess it piece by piece.
 */
export function contains(text: string, event: EventHead, content: Content | null): boolean {
  const heads = content === null || event.options?.credentials !== undefined ? [] : [content.query, toJson(content)];
  const body = content?.body.kind === "inline" ? decodeUtf8(content.body.bytes) : null;
  // A body with NUL is binary: rows have it as base64.
  const bodies = body === null || body.includes("\0") ? [] : [body];
  return lower([event.path, ...heads, ...bodies].join("\n")).includes(lower(text));
}

const toJson = ({ headers }: Content): string => JSON.stringify(headers);
const lower = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
