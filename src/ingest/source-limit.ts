// The Durable Object around a source's pace: one object counts for all isolates, with one row written per lease.
import { DurableObject } from "cloudflare:workers";
import { MAX_LEASE } from "../config/limits.ts";
import { systemClock } from "../kernel/clock.ts";
import type { RateLimit } from "../model/policies.ts";
import { lease, type LeaseAnswer } from "./source-pace.ts";
import { IDLE, type PaceState } from "../gate/index.ts";

export class SourceLimit extends DurableObject<Env> {
  #state: PaceState;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS pace (id INTEGER PRIMARY KEY, state TEXT NOT NULL)");
    const row = [...ctx.storage.sql.exec<{ state: string }>("SELECT state FROM pace WHERE id = 0")][0];
    this.#state = row === undefined ? IDLE : (JSON.parse(row.state) as PaceState);
  }

  /** The limit comes with the call, so that a change applies at once. */
  lease(limit: RateLimit, wanted: number): LeaseAnswer {
    const { state, answer } = lease(this.#state, limit, Math.min(wanted, MAX_LEASE), systemClock());
    if (answer.granted > 0) {
      this.ctx.storage.sql.exec(
        "INSERT INTO pace (id, state) VALUES (0, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        JSON.stringify(state),
      );
      this.#state = state;
    }
    return answer;
  }
}
