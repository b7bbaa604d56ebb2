import { applyD1Migrations, reset, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { moveClock, untilInstant } from "../another-date.ts";
import { restart } from "./clock.ts";

const given = env as unknown as { readonly TEST_DATE: string; readonly TEST_MIGRATIONS: D1Migration[] };
moveClock(untilInstant(given.TEST_DATE));
// Files share a workerd and its modules: each starts with empty storage and the clock at its start.
restart(false);
await reset();
await applyD1Migrations(env.DB, given.TEST_MIGRATIONS);
