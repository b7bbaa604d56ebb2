// The dashboard's ports: the API, called in process, and sessions. It uses no store, queue or gate directly.
import type { Context } from "hono";
import type { Clock } from "../kernel/clock.ts";
import type { Session, Sessions } from "../signing/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { AccessGate } from "./access-gate.ts";
import type { Api, Call } from "./api-client.ts";

export interface DashboardDeps {
  readonly call: Call;
  /** Set if Cloudflare Access signs viewers in; then it is the only way to sign in. */
  readonly access: AccessGate | null;
  readonly sessions: Sessions;
  /** Sessions that were signed out: a copy of their cookie is refused. */
  readonly endedSessions: {
    readonly has: (id: string) => Promise<boolean>;
    readonly add: (session: Pick<Session, "id" | "expires_at">) => Promise<void>;
  };
  /** Accepts the WebSocket of a live page. */
  readonly watch: (request: Request) => Promise<Response>;
  /** False if this address has tried too often. */
  readonly mayTryLogin: (address: string) => Promise<boolean>;
  readonly randomText: () => string;
  readonly now: Clock;
  readonly log: Logger;
}

export type DashEnv = {
  Bindings: { requestId: string };
  Variables: {
    /** The token that every form must contain. */
    csrf: string;
    /** Null for a person signed in through Cloudflare Access. */
    session: Session | null;
    /** E-mail address of a person signed in through Cloudflare Access; null for a session with a token. */
    viewer: string | null;
    api: Api;
    now: number;
  };
};

export type Ctx = Context<DashEnv>;
