// Worker entry: HTTP, queues, cron, Durable Objects. Wiring only.
import { buildApp } from "./worker/ports/api.ts";
import { consume, consumeDeadLetters } from "./delivery/index.ts";
import { sweep } from "./maintenance/index.ts";
import { laneOfQueue } from "./worker/queues.ts";
import { isolateRuntime } from "./worker/runtime.ts";
import { withinBudget } from "./worker/budget.ts";
import { consumerPorts } from "./worker/ports/consumer.ts";
import { sweepPorts } from "./worker/ports/sweep.ts";

export { DedupeIndex } from "./dedupe/dedupe-index.ts";
export { Listeners } from "./listen/listeners.ts";
export { LiveFeed } from "./live/live-feed.ts";
export { DestinationGate } from "./gate/destination-gate.ts";
export { SourceLimit } from "./ingest/source-limit.ts";
export { OAuthTokens } from "./oauth/oauth-tokens.ts";

export default {
  fetch: (request, env, ctx) => buildApp(isolateRuntime(env)).fetch(request, env, ctx),

  async queue(batch, env) {
    const ports = consumerPorts(isolateRuntime(env));
    const lane = laneOfQueue(batch.queue);
    await withinBudget(() =>
      lane === "dead_letters"
        ? consumeDeadLetters(batch.messages, batch.queue, ports)
        : consume(batch.messages, lane, ports),
    );
  },

  scheduled: (_controller, env) => withinBudget(() => sweep(sweepPorts(isolateRuntime(env)))),
} satisfies ExportedHandler<Env>;
