import { describe, expect, it } from "vitest";
import { channelOpener } from "../../../src/brokers/index.ts";
import type { Answer } from "../../../src/outbound/index.ts";
import { broker, ports, request } from "./messages.ts";

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A `fetch` that answers so, and what it was called with. */
function api(answer: (call: Call) => Response | Promise<Response>) {
  const calls: Call[] = [];
  const fetcher: typeof fetch = async (input, init) => {
    const call = { url: input as string, headers: new Headers(init?.headers), body: init?.body as string };
    calls.push(call);
    return answer(call);
  };
  return { calls, fetch: fetcher };
}

const words = (answers: readonly Answer[]) => answers.map(({ error, detail }) => [error, detail ?? null]);

describe("SQS", () => {
  const url = "https://sqs.eu-central-1.amazonaws.com/1/orders";
  const auth = {
    type: "aws_sigv4",
    access_key_id: "AKIDEXAMPLE",
    secret_access_key: { secret: "KEY" },
    region: "eu-central-1",
  };
  const queue = broker({ type: "sqs", url, auth });
  interface Sent {
    readonly Entries: readonly {
      readonly Id: string;
      readonly MessageBody: string;
      readonly [name: string]: unknown;
    }[];
  }
  const entries = (call: Call | undefined): Sent["Entries"] => (JSON.parse(call?.body ?? "{}") as Sent).Entries;
  const allSent = (call: Call): Response =>
    Response.json({ Successful: entries(call).map(({ Id }) => ({ Id, MessageId: `m${Id}` })), Failed: [] });
  const send = async (
    answer: Parameters<typeof api>[0],
    requests: readonly ReturnType<typeof request>[],
    to = queue,
  ) => {
    const { calls, fetch } = api(answer);
    const channel = channelOpener(ports({ fetch }))(to);
    const answers = await Promise.all(requests.map((one) => channel.send({ ...one, timeoutMs: 5_000 })));
    await channel.close();
    return { calls, answers };
  };

  it("sends ten messages a call, signed, with attributes", async () => {
    const requests = Array.from({ length: 25 }, (_, index) => request(queue, `dlv_${index}`, `{"n":${index}}`));
    const { calls, answers } = await send(allSent, requests);
    expect(answers.map(({ error }) => error)).toEqual(requests.map(() => null));
    expect(answers[0]?.excerpt).toBe('{"message_id":"m0"}');
    expect(calls.map((call) => entries(call).length).sort((a, b) => b - a)).toEqual([10, 10, 5]);
    expect(new Set(calls.flatMap(entries).map(({ MessageBody }) => MessageBody))).toEqual(
      new Set(requests.map((_, index) => `{"n":${index}}`)),
    );
    const first = calls.find((call) => call.body.includes('"dlv_0"'));
    expect(first?.headers.get("authorization")).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//);
    expect(first?.headers.get("x-amz-target")).toBe("AmazonSQS.SendMessageBatch");
    expect(entries(first)[0]?.["MessageAttributes"]).toEqual({
      content_type: { DataType: "String", StringValue: "application/json" },
      event_id: { DataType: "String", StringValue: "evt_1" },
      delivery_id: { DataType: "String", StringValue: "dlv_0" },
      attempt: { DataType: "String", StringValue: "1" },
      source: { DataType: "String", StringValue: "shop" },
      headers: { DataType: "String", StringValue: '{"content-type":"application/json","x-a":["1","2"]}' },
    });
  });

  it("settles what one call reports one by one", async () => {
    const { answers } = await send(
      () =>
        Response.json({
          Successful: [{ Id: "0", MessageId: "m" }],
          Failed: [{ Id: "1", Code: "InternalError", Message: "try again", SenderFault: false }],
        }),
      ["dlv_0", "dlv_1", "dlv_2"].map((id) => request(queue, id)),
    );
    expect(words(answers)).toEqual([
      [null, null],
      ["broker_error", "InternalError: try again (the service's own fault)"],
      ["no_result", "The answer does not say what became of this message."],
    ]);
  });

  it.each([
    [
      400,
      { __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "no queue" },
      "not_found",
      "QueueDoesNotExist: no queue",
    ],
    [400, { __type: "com.amazonaws.sqs#RequestThrottled" }, "throttled", "RequestThrottled"],
    [403, { __type: "InvalidClientTokenId", message: "no key" }, "auth_failed", "InvalidClientTokenId: no key"],
    [403, { __type: "AccessDeniedException" }, "auth_failed", "AccessDeniedException"],
    [413, "too long", "too_large", "HTTP 413: too long"],
    [503, "busy", "throttled", "HTTP 503: busy"],
    [500, "broken", "broker_error", "HTTP 500: broken"],
  ])("names a refusal of the whole call: %i %j", async (status, body, code, detail) => {
    const response = () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
    expect(words((await send(response, [request(queue)])).answers)).toEqual([[code, detail]]);
  });

  it("marks a body that SQS does not take as base64", async () => {
    const { calls } = await send(allSent, [request(queue, "dlv_1", "a\u0000b")]);
    const [entry] = entries(calls[0]);
    expect(entry?.MessageBody).toBe("YQBi");
    expect(entry?.["MessageAttributes"]).toMatchObject({ body_encoding: { StringValue: "base64" } });
  });

  it("gives a FIFO queue the group and the delivery's id, so that SQS drops a repeated message", async () => {
    const fifo = broker({ type: "sqs", url: `${url}.fifo`, auth, group_id: "{body.id}" });
    const given = request(fifo);
    const message = given.message === undefined ? given.message : { ...given.message, key: "g1" };
    const { calls } = await send(allSent, [{ ...given, ...(message && { message }) }], fifo);
    expect(entries(calls[0])[0]).toMatchObject({ MessageGroupId: "g1", MessageDeduplicationId: "dlv_1" });
    expect(() => broker({ type: "sqs", url: `${url}.fifo`, auth })).toThrow("FIFO");
  });

  it("refuses a message that is too large with its attributes, and sends its neighbours", async () => {
    const { answers } = await send(allSent, [request(queue, "dlv_1", "x".repeat(1024 * 1024 - 100)), request(queue)]);
    expect(words(answers)).toEqual([
      ["too_large", "The message with its attributes is larger than 1048576 bytes."],
      [null, null],
    ]);
  });

  it("reads no answer without an end", async () => {
    let read = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        read += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const { answers } = await send(() => new Response(endless), [request(queue)]);
    expect(answers[0]?.error).toBe("no_result");
    expect(read).toBeLessThan(1024 * 1024);
  });

  it("says that the queue did not answer in time", async () => {
    const { fetch } = api(() => new Promise<Response>(() => undefined));
    const { send: sendOne } = channelOpener(ports({ fetch }))(queue);
    expect((await sendOne(request(queue))).error).toBe("timeout");
  });
});

describe("Cloudflare Queues", () => {
  const hex = "0123456789abcdef0123456789abcdef";
  const remote = broker({
    type: "cloudflare_queue",
    account_id: hex,
    queue_id: hex,
    auth: { type: "bearer", token: { secret: "T" } },
  });
  const bound = broker({ type: "cloudflare_queue", binding: "ORDERS_QUEUE" });
  const message = {
    event_id: "evt_1",
    delivery_id: "dlv_1",
    attempt: 1,
    source: "shop",
    content_type: "application/json",
    headers: { "content-type": "application/json", "x-a": ["1", "2"] },
    body: "{}",
  };

  it("sends by the binding", async () => {
    const sent: unknown[] = [];
    const queue = { sendBatch: async (batch: unknown) => void sent.push(batch) } as unknown as Pick<Queue, "sendBatch">;
    const { send } = channelOpener(ports({ queue: (name) => (name === "ORDERS_QUEUE" ? queue : null) }))(bound);
    expect(await send(request(bound))).toMatchObject({ error: null, excerpt: "accepted" });
    expect(sent).toEqual([[{ body: message, contentType: "json" }]]);
  });

  it("names a binding that the Worker no longer has", async () => {
    const { send } = channelOpener(ports())(bound);
    expect(words([await send(request(bound))])).toEqual([
      ["not_found", "ORDERS_QUEUE is not a queue's producer binding of this Worker."],
    ]);
  });

  it("sends by the API", async () => {
    const { calls, fetch } = api(() => Response.json({ success: true }));
    const { send } = channelOpener(ports({ fetch }))(remote);
    expect((await send(request(remote))).error).toBeNull();
    expect(calls[0]?.url).toBe(`https://api.test/client/v4/accounts/${hex}/queues/${hex}/messages/batch`);
    expect(calls[0]?.headers.get("authorization")).toBe("Bearer t");
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({ messages: [{ body: message, content_type: "json" }] });
  });

  it.each([
    [401, 10000, "auth_failed"],
    [404, 7003, "not_found"],
    [429, 10250, "throttled"],
    [400, 10204, "too_large"],
    [500, 10002, "broker_error"],
  ])("names the API's refusal %i %i", async (status, code, word) => {
    const { fetch } = api(() => Response.json({ success: false, errors: [{ code, message: "no" }] }, { status }));
    const { send } = channelOpener(ports({ fetch }))(remote);
    const answer = await send(request(remote));
    expect(answer.error).toBe(word);
    expect(answer.detail).toContain(`no (${code})`);
  });

  it("refuses a message that is too large with its headers", async () => {
    const { send } = channelOpener(ports())(remote);
    expect((await send(request(remote, "dlv_1", "x".repeat(128_000)))).error).toBe("too_large");
  });

  it.each([
    [{}, "account_id"],
    [{ binding: "Q", account_id: hex }, "account_id"],
    [{ binding: "Q", auth: { type: "bearer", token: { secret: "T" } } }, "auth"],
    [{ account_id: hex, queue_id: hex }, "auth"],
    [{ account_id: "x", queue_id: hex }, "hexadecimal"],
  ])("is configured by a binding or by ids and a token: %j", (given, named) => {
    expect(() => broker({ type: "cloudflare_queue", ...given })).toThrow(named);
  });
});
