import { describe, expect, it, vi } from "vitest";
import { mocked } from "../../../src/delivery/attempt/mock.ts";
import { asHttp, destinationSpecSchema, type MockDestination } from "../../../src/model/destination.ts";
import { httpSender, type OutboundRequest } from "../../../src/outbound/index.ts";

const network = vi.fn(() => Promise.reject(new Error("the network was used")));
const send = httpSender({
  fetch: network,
  readStored: async () => null,
  probe: async () => expect.fail("a socket was opened"),
  now: () => 0,
});
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const mock = (fields: object = {}): MockDestination =>
  ({
    ...destinationSpecSchema.parse({ type: "mock", name: "Mock", slug: "mock", ...fields }),
    id: "dst_1",
    paused: false,
  }) as MockDestination;

const answerOf = (destination: MockDestination, attemptsMade = 0) => {
  const request: OutboundRequest = {
    url: asHttp(destination).url,
    method: "POST",
    headers: [],
    body: null,
    bodyBytes: 0,
    timeoutMs: destination.timeout_ms,
  };
  const delivery = { attempts_made: attemptsMade } as Parameters<typeof mocked>[1]["delivery"];
  return send(mocked(request, { destination, delivery }, sleep));
};

describe("a mock destination", () => {
  it("answers as told, without any network", async () => {
    const response = { status: 202, headers: { "x-made": "up" }, body: "as told" };
    expect(await answerOf(mock({ response }))).toMatchObject({ status: 202, error: null, excerpt: "as told" });
    expect((await answerOf(mock({ response }))).headers).toMatchObject({ "x-made": "up" });
    const throttling = { response: { status: 429, headers: { "retry-after": "7" } } };
    expect(await answerOf(mock(throttling))).toMatchObject({ error: "http_status", headers: { "retry-after": "7" } });
    expect(network).not.toHaveBeenCalled();
  });

  it("fails the first attempts of a delivery, and answers those that follow", async () => {
    const failing = mock({ fail_first: 2 });
    const statuses = await Promise.all([0, 1, 2, 3].map(async (made) => (await answerOf(failing, made)).status));
    expect(statuses).toEqual([500, 500, 200, 200]);
  });

  it("times out if it answers later than the destination's timeout", async () => {
    expect(await answerOf(mock({ delay_ms: 150, timeout_ms: 100 }))).toMatchObject({ status: null, error: "timeout" });
    expect(await answerOf(mock({ delay_ms: 20, timeout_ms: 5_000 }))).toMatchObject({ status: 200 });
  });

  it("gets the request of an HTTP API at a name that does not exist", () => {
    expect(asHttp(mock())).toMatchObject({ type: "http", url: "https://mock.invalid/", path_forwarding: true });
  });
});
