// What becomes of messages when RabbitMQ answers late, breaks off or takes nothing.
import { afterEach, describe, expect, it } from "vitest";
import { channelOpener } from "../../../src/brokers/index.ts";
import type { HeaderList } from "../../../src/model/event.ts";
import { ack, BLOCKED, closeFor, OPEN_OK, startAmqpBroker, type AmqpBroker } from "./amqp-broker.ts";
import { broker, password, ports, request } from "./messages.ts";

const started: AmqpBroker[] = [];
afterEach(() => started.splice(0).forEach((one) => one.close()));

async function sendTo(behaviour: Parameters<typeof startAmqpBroker>[0]) {
  const server = await startAmqpBroker(behaviour);
  started.push(server);
  const url = `amqp://127.0.0.1:${server.port}`;
  const auth = { type: "basic", username: "u", password };
  const rabbitmq = broker({ type: "rabbitmq", url, auth, exchange: "", routing_key: "q", timeout_ms: 5_000 });
  const channel = channelOpener(ports())(rabbitmq);
  return { server, ...channel, message: (id: string, timeoutMs = 5_000) => ({ ...request(rabbitmq, id), timeoutMs }) };
}

const confirm: Parameters<typeof startAmqpBroker>[0]["onPublish"] = (socket, count) => socket.write(ack(count));

describe("RabbitMQ", () => {
  it("that opens a connection after the deadline has its socket closed all the same", async () => {
    const { server, send, message } = await sendTo({
      onOpen: (socket) => setTimeout(() => socket.write(OPEN_OK), 400),
      onPublish: confirm,
    });
    expect((await send(message("dlv_1", 200))).error).toBe("timeout");
    await expect.poll(server.open, { timeout: 3_000 }).toBe(0);
  });

  it("that breaks off loses what was under way, and gets what comes later on another connection", async () => {
    let messages = 0;
    const { server, send, close, message } = await sendTo({
      onPublish: (socket, count) => (++messages === 2 ? void socket.destroy() : confirm(socket, count)),
    });
    expect((await send(message("dlv_1"))).error).toBeNull();
    expect((await send(message("dlv_2"))).error).toBe("reset");
    expect((await send(message("dlv_3"))).error).toBeNull();
    await close();
    expect(server.connections()).toBe(2);
    await expect.poll(server.open).toBe(0);
  });

  it("that is out of memory is throttled, not stalled: it has said so", async () => {
    const { send, message } = await sendTo({ onPublish: (socket) => socket.write(BLOCKED) });
    expect(await send(message("dlv_1", 300))).toMatchObject({
      error: "throttled",
      detail: "The broker takes no messages at the moment: low",
      pauseMs: 5_000,
    });
  });

  it("that closes a connection in the packet that opens it fails the message with its own words", async () => {
    const { server, send, message } = await sendTo({
      onOpen: (socket) => socket.write(Buffer.concat([OPEN_OK, closeFor(541, "INTERNAL_ERROR - going down")])),
      onPublish: confirm,
    });
    const { error, detail } = await send(message("dlv_1"));
    expect([error, detail]).toEqual(["broker_error", expect.stringContaining("INTERNAL_ERROR - going down")]);
    await expect.poll(server.open).toBe(0);
  });

  it.each<[string, HeaderList, string]>([
    ["a name", [["x".repeat(256), "1"]], "A header's name is longer than 255 bytes."],
    [
      "all headers",
      Array.from({ length: 20 }, (_, at) => [`x-${at}`, "ü".repeat(2_000)] as const),
      "The headers are larger than",
    ],
  ])("does not get a message of which %s is too long, and gets its neighbours", async (_what, headers, detail) => {
    const { server, send, close, message } = await sendTo({ onPublish: confirm });
    const [long, beside] = await Promise.all([send({ ...message("dlv_1"), headers }), send(message("dlv_2"))]);
    expect([long.error, long.detail]).toEqual(["too_large", expect.stringContaining(detail)]);
    expect(beside.error).toBeNull();
    await close();
    expect(server.connections()).toBe(1);
  });
});
