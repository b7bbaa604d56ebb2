// What the dashboard needs of the world: the API, in process, and sessions. It knows no store, no queue and no gate.
import type { Context } from "hono";
import type { Clock } from "../kernel/clock.ts";
import type { Sessions } from "../signing/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { AccessGate } from "./access-gate.ts";
import type { Api, Call } from "./api-client.ts";

export interface DashboardDeps {
  readonly call: Call;
  /** Where Cloudflare Access signs viewers in: then nothing else does. */
  readonly access: AccessGate | null;
  readonly sessions: Sessions;
  /** Takes the socket of a page that watches. */
  readonly watch: (request: Request) => Promise<Response>;
  /** False when this address has tried too often. */
  readonly mayTryLogin: (address: string) => Promise<boolean>;
  readonly randomText: () => string;
  readonly now: Clock;
  readonly log: Logger;
}

export type DashEnv = {
  Bindings: { requestId: string };
  Variables: {
    /** What every form must carry. */
    csrf: string;
    /** Whom Cloudflare Access has signed in; null for the holder of a token. */
    viewer: string | null;
    api: Api;
    now: number;
  };
};

export type Ctx = Context<DashEnv>;
