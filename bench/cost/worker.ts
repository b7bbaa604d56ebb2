// Sluice with metered bindings, and with queues and a clock that the bench moves: `/bench/run` hands out messages, `/bench/sweep` moves the clock and
// sweeps. Both return what was metered since the last call, as `/bench/meter` does.
import { moveTo } from "./clock.ts";
import { MovedQueue, runQueues } from "./queues.ts";
import worker, { DestinationGate as Gate } from "../../src/index.ts";
import { meter, meteredBatch, meteredEnv, meterStorage, takeMeter } from "../meter.ts";

export { DedupeIndex, Listeners, LiveFeed, OAuthTokens, SourceLimit } from "../../src/index.ts";

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

/** By binding: the queue's name and the largest batch of its consumer, as in wrangler.toml. */
const queues = {
  EVENTS: new MovedQueue("sluice-events", 100),
  SMALL: new MovedQueue("sluice-small", 6),
  DELIVERIES: new MovedQueue("sluice-deliveries", 100),
  SLOW: new MovedQueue("sluice-slow", 6),
  REPLAYS: new MovedQueue("sluice-replays", 100),
};

const BETWEEN_REQUESTS_MS = 5;

let moved: Env | null = null;
const withQueues = (env: Env): Env => meteredEnv((moved ??= { ...env, ...queues } as unknown as Env));

async function control(url: URL, env: Env): Promise<Response> {
  const number = (name: string): number => Number(url.searchParams.get(name));
  if (url.pathname === "/bench/run") {
    const settings = { size: number("size"), waitMs: number("wait_ms") };
    const until = url.searchParams.has("for_ms") ? Date.now() + number("for_ms") : Infinity;
    const consume = async (batch: MessageBatch): Promise<void> => worker.queue(meteredBatch(batch), withQueues(env));
    const waits = await runQueues(Object.values(queues), settings, until, consume);
    return Response.json({ ...takeMeter(), waits });
  }
  if (url.pathname === "/bench/sweep") {
    moveTo(Date.now() + number("after_ms"));
    await worker.scheduled({ scheduledTime: Date.now(), cron: "* * * * *", noRetry: () => undefined }, withQueues(env));
  }
  return Response.json(takeMeter());
}

export default {
  fetch: (request, env, ctx) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith("/bench/")) return control(url, env);
    meter.requests += 1;
    moveTo(Date.now() + BETWEEN_REQUESTS_MS);
    return worker.fetch(request, withQueues(env), ctx);
  },
} satisfies ExportedHandler<Env>;
