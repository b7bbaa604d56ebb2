// Names and slugs: either may be left out and is then derived from the other.
import type { JsonObject } from "../kernel/json-object.ts";
import { invalid, Problem } from "../model/problem.ts";
import { isSlugConflict, takenSlugs, type Kind } from "../store/index.ts";

const slugify = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60) || "unnamed";

/** The input with name and slug filled in. A slug that is given must be free; a derived one gets a number when it is taken. */
export async function withNames(db: D1Database, kind: Kind, input: JsonObject, fallback?: string): Promise<JsonObject> {
  const { name, slug } = input;
  if (name === undefined && slug === undefined && fallback === undefined)
    throw invalid("/name", "is required (or a slug)");
  if (typeof slug === "string") {
    if ((await takenSlugs(db, kind, [slug])).has(slug)) throw slugTaken(slug);
    return { ...input, name: name === undefined ? slug : name };
  }
  if (slug !== undefined) return input;
  const base = typeof name === "string" ? slugify(name) : (fallback ?? "unnamed").slice(0, 60);
  const candidates = [base, ...Array.from({ length: 50 }, (_, index) => `${base}-${index + 2}`)];
  const taken = await takenSlugs(db, kind, candidates);
  return {
    ...input,
    name: name === undefined ? base : name,
    slug: candidates.find((candidate) => !taken.has(candidate)) ?? base,
  };
}

const slugTaken = (slug: string): Problem =>
  new Problem("slug_taken", `The slug ${slug} is taken.`, [{ pointer: "/slug", detail: "is taken" }]);

/** The result of `work`. @throws Problem `slug_taken` when another record took the slug meanwhile */
export async function refuseTakenSlug<T>(slug: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isSlugConflict(error) ? slugTaken(slug) : error;
  }
}
