// How far step-by-step jobs have come, or when they are due again: one instant for each, by name.
import { marks } from "./schema.ts";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";

/** Milliseconds since the epoch; null where there is none. */
export async function readMark(db: D1Database, name: string): Promise<number | null> {
  const [row] = await drizzle(db).select().from(marks).where(eq(marks.name, name));
  return row?.at ?? null;
}

/** @param at null removes it */
export async function writeMark(db: D1Database, name: string, at: number | null): Promise<void> {
  if (at === null) await drizzle(db).delete(marks).where(eq(marks.name, name));
  else await drizzle(db).insert(marks).values({ name, at }).onConflictDoUpdate({ target: marks.name, set: { at } });
}
