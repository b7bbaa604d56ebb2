// Worker entry: HTTP, queues, cron, Durable Objects. Wiring only.
import { buildApp } from "./worker/ports/api.ts";
import { deadLetterMessages, consumeDue, consumeEvents } from "./delivery/index.ts";
import { partition } from "./kernel/pool.ts";
import { sweep } from "./maintenance/index.ts";
import { parseMessage } from "./model/message.ts";
import { laneOfQueue } from "./worker/queues.ts";
import { runtimeOf } from "./worker/runtime.ts";
import { consumerPorts } from "./worker/ports/consumer.ts";
import { sweepPorts } from "./worker/ports/sweep.ts";

export { DedupeIndex } from "./dedupe/dedupe-index.ts";
export { LiveFeed } from "./live/live-feed.ts";
export { DestinationGate } from "./gate/destination-gate.ts";
export { SourceLimit } from "./ingest/source-limit.ts";
export { OAuthTokens } from "./oauth/oauth-tokens.ts";

export default {
  fetch: (request, env, ctx) => buildApp(runtimeOf(env)).fetch(request, env, ctx),

  async queue(batch, env) {
    const ports = consumerPorts(runtimeOf(env));
    const lane = laneOfQueue(batch.queue);
    if (lane === "dead_letters") return deadLetterMessages(batch.messages, batch.queue, ports);
    // Several queues may carry events: the kind of a message decides what consumes it.
    const [events, others] = partition(batch.messages, ({ body }) => parseMessage(body)?.kind === "event");
    if (events.length > 0) await consumeEvents(events, ports);
    if (others.length > 0) await consumeDue(others, lane, ports);
  },

  scheduled: (_controller, env) => sweep(sweepPorts(runtimeOf(env))),
} satisfies ExportedHandler<Env>;
