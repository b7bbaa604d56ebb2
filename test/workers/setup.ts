import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { databases } from "./databases.ts";
import { moveClock, untilInstant } from "../another-date.ts";

// Files share a workerd, because it takes four seconds to start: each begins with modules of its own, without rows, objects and keys.
const given = env as unknown as { readonly TEST_DATE: string; readonly TEST_MIGRATIONS: D1Migration[] };
vi.resetModules();
moveClock(untilInstant(given.TEST_DATE));
for (const db of databases) {
  await applyD1Migrations(db, given.TEST_MIGRATIONS);
  const { results } = await db
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*'",
    )
    .all<{ name: string }>();
  const names = results.map(({ name }) => name).filter((name) => name !== "d1_migrations");
  await db.batch([
    db.prepare("PRAGMA defer_foreign_keys = ON"),
    ...names.map((name) => db.prepare(`DELETE FROM "${name}"`)),
  ]);
}
for (;;) {
  const { objects } = await env.BODIES.list();
  if (objects.length === 0) break;
  await env.BODIES.delete(objects.map(({ key }) => key));
}
for (;;) {
  const { keys } = await env.ROUTES.list();
  if (keys.length === 0) break;
  await Promise.all(keys.map(({ name }) => env.ROUTES.delete(name)));
}
