// Moves the clock of the Worker that system tests start on another date, before the Worker's own modules are loaded.
import { env } from "cloudflare:workers";
import { moveClock } from "../another-date.ts";

export const aheadMs = Number((env as unknown as { readonly TEST_AHEAD_MS: string }).TEST_AHEAD_MS);
moveClock(aheadMs);
