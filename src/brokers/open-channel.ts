// The channel to a destination, by its type. A client library is evaluated when it is first used: most isolates need none of them.
import { connectCloudflareQueue } from "./cloudflare-queue.ts";
import { connectSqs } from "./sqs.ts";
import { bodyPlaces, channelOver } from "./channel.ts";
import type { Channel, OpenChannel } from "../outbound/index.ts";
import type { BrokerPorts } from "./types.ts";

/** One per invocation: its channels share the memory for large bodies. */
export function channelOpener(ports: BrokerPorts): OpenChannel {
  const bodies = bodyPlaces();
  const over = (connect: Parameters<typeof channelOver>[0]): Channel => channelOver(connect, bodies, ports);
  return (destination) => {
    switch (destination.type) {
      case "rabbitmq":
        return over(async (first, signal) => {
          const { connectRabbitmq } = await import("./rabbitmq.ts");
          return connectRabbitmq(destination, first, signal, ports);
        });
      case "redis_stream":
        return over(async (first, signal) => {
          const { connectRedis } = await import("./redis-stream.ts");
          return connectRedis(destination, first, signal, ports);
        });
      case "kafka":
        return over(async (first, signal) => {
          const { connectKafka } = await import("./kafka.ts");
          return connectKafka(destination, first, signal, ports);
        });
      case "sqs":
        return over(async (first, signal) => connectSqs(destination, first, signal, ports));
      case "cloudflare_queue":
        return over(async (first, signal) => connectCloudflareQueue(destination, first, signal, ports));
    }
  };
}
