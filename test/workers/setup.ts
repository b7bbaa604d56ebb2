import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { databases } from "./databases.ts";
import { moveClock, untilInstant } from "../another-date.ts";

const given = env as unknown as { readonly TEST_DATE: string; readonly TEST_MIGRATIONS: D1Migration[] };
moveClock(untilInstant(given.TEST_DATE));
for (const db of databases) await applyD1Migrations(db, given.TEST_MIGRATIONS);
