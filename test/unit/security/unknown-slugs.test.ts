// A flood of slugs that name no source must not cost the sources that exist their place in an isolate's memory.
import { expect, it } from "vitest";
import { sourceSpecSchema } from "../../../src/model/source.ts";
import type { SourceId } from "../../../src/model/ids.ts";
import { RouteReader } from "../../../src/routing/index.ts";

it("keeps the documents of sources whatever unknown slugs are asked for [G10]", async ({ task }) => {
  task.meta.tried = 5_000;
  const asked: string[] = [];
  const source = { ...sourceSpecSchema.parse({ name: "a", slug: "known" }), id: "src_a" as SourceId };
  const routes = new RouteReader(
    {
      readCache: async () => null,
      writeCache: async () => undefined,
      writeTombstone: async () => undefined,
      compile: async (by) => {
        const slug = "slug" in by ? by.slug : "";
        asked.push(slug);
        return slug === "known" ? [{ version: 1, source, routes: [] }] : [];
      },
      markPublished: async () => new Map(),
      report: () => undefined,
    },
    () => 0,
  );
  const read = (slug: string): Promise<unknown> => routes.bySlug(slug, () => undefined);
  await read("known");
  for (let index = 0; index < 5_000; index++) expect(await read(`unknown-${index}`)).toBeNull();
  expect(await read("known")).not.toBeNull();
  expect(asked.filter((slug) => slug === "known")).toHaveLength(1);
});
