// Sluice with metered bindings. `GET /bench/meter` returns the counts and resets them.
import worker from "../src/index.ts";
import { meter, meteredEnv, takeMeter } from "./meter.ts";

export { DedupeIndex, DestinationGate, Listeners, LiveFeed, OAuthTokens, SourceLimit } from "../src/index.ts";

// Log lines are counted, not printed.
console.log = (): void => {
  meter.log_lines += 1;
};

export default {
  fetch: (request, env, ctx) => {
    if (new URL(request.url).pathname === "/bench/meter") return Response.json(takeMeter());
    meter.requests += 1;
    return worker.fetch(request, meteredEnv(env), ctx);
  },
} satisfies ExportedHandler<Env>;
