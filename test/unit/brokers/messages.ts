// Messages and ports for the tests of brokers' clients.
import type { BrokerPorts } from "../../../src/brokers/types.ts";
import { endsWithin } from "../../../src/kernel/clock.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { destinationSpecSchema, isBroker, type BrokerDestination } from "../../../src/model/destination.ts";
import type { DestinationId } from "../../../src/model/ids.ts";
import type { OutboundRequest } from "../../../src/outbound/index.ts";

export function broker(given: Record<string, unknown>): BrokerDestination {
  const spec = destinationSpecSchema.parse({ name: "d", slug: "d", ...given });
  const destination = { ...spec, id: "dst_1" as DestinationId, paused: false };
  if (!isBroker(destination)) throw new Error("not a broker");
  return destination;
}

export const password = { secret: "PASSWORD" };

export const request = (destination: BrokerDestination, id = "dlv_1", body = "{}"): OutboundRequest => ({
  url: "",
  method: "POST",
  headers: [
    ["content-type", "application/json"],
    ["x-a", "1"],
    ["X-A", "2"],
  ],
  body: { kind: "inline", bytes: utf8(body) },
  bodyBytes: utf8(body).byteLength,
  timeoutMs: 200,
  message: {
    destination,
    eventId: "evt_1",
    deliveryId: id,
    attempt: 1,
    source: "shop",
    eventType: null,
    sentAt: 0,
    address: "",
    key: null,
    secrets: { secret_access_key: "s", token: "t" },
  },
});

export function ports(change: Partial<BrokerPorts> = {}): BrokerPorts {
  const never = () => Promise.reject(new Error("not needed"));
  return {
    now: () => Date.now(),
    urls: { allowPrivate: true, resolve: null },
    fetch: never,
    probe: async () => false,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    endsWithin,
    readBody: never,
    queue: () => null,
    cloudflareApi: "https://api.test/client/v4",
    ...change,
  };
}
