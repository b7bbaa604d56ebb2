// Sluice with metered bindings. `GET /bench/meter` returns the counts and resets them.
import worker, { DestinationGate as Gate } from "../src/index.ts";
import { meter, meteredBatch, meteredEnv, meterStorage, newMeter } from "./meter.ts";

export { DedupeIndex, LiveFeed, OAuthTokens, SourceLimit } from "../src/index.ts";

export class DestinationGate extends Gate {
  constructor(ctx: DurableObjectState, env: Env) {
    meterStorage(ctx.storage.sql);
    super(ctx, env);
  }
}

// Log lines are counted, not printed.
console.log = (): void => {
  meter.log_lines += 1;
};

export default {
  fetch: (request, env, ctx) => {
    if (new URL(request.url).pathname === "/bench/meter") {
      const counted = { ...meter };
      Object.assign(meter, newMeter());
      return Response.json(counted);
    }
    meter.requests += 1;
    return worker.fetch(request, meteredEnv(env), ctx);
  },
  queue: (batch, env) => worker.queue(meteredBatch(batch), meteredEnv(env)),
} satisfies ExportedHandler<Env>;
