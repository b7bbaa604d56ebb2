// Reads a whole list of the configuration page by page, up to a limit, for pages that show it in one piece.
import type { Api } from "./api-client.ts";
import type { List } from "./shapes.ts";

const MAX_PAGES = 5;
const PAGE = 200;

/** At most the newest 1,000. */
export async function readAll<T>(api: Api, path: string): Promise<readonly T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const list: List<T> = await api.get<List<T>>(path, { limit: PAGE, cursor });
    all.push(...list.data);
    cursor = list.next_cursor;
    if (cursor === null) break;
  }
  return all;
}
