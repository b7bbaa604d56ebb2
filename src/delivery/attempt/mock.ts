// The answers of a mock destination. They stand in for the network only: sending, timeout, reading and recording are those of every request.
import type { MockDestination } from "../../model/destination.ts";
import type { OutboundRequest } from "../../outbound/index.ts";
import type { Sending } from "../types.ts";

/** Longer than the timeout, so that it is the timeout that ends the attempt. */
const BEYOND_MS = 1_000;

/** The request, answered as the destination says if that is a mock; any other goes to the network. */
export const mocked = (
  request: OutboundRequest,
  { destination, delivery }: Pick<Sending, "destination" | "delivery">,
  sleep: (ms: number) => Promise<void>,
): OutboundRequest =>
  destination.type === "mock"
    ? { ...request, fetcher: answering(destination, delivery.attempts_made < destination.fail_first, sleep) }
    : request;

function answering(
  { response, delay_ms, timeout_ms }: MockDestination,
  fails: boolean,
  sleep: (ms: number) => Promise<void>,
): typeof fetch {
  return async () => {
    if (delay_ms > 0) await sleep(Math.min(delay_ms, timeout_ms + BEYOND_MS));
    if (fails) return new Response("The mock destination fails this attempt, as configured.", { status: 500 });
    const { status, headers, body } = response;
    return new Response(body === "" ? null : body, { status, headers: { ...headers } });
  };
}
