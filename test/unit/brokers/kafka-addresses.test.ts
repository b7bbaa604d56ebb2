import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { channelOpener } from "../../../src/brokers/index.ts";
import { KafkaSockets } from "../../../src/brokers/kafka-sockets.ts";
import { ok } from "../../../src/kernel/result.ts";
import { bytes, string } from "./kafka-wire.ts";
import { broker, ports, request } from "./messages.ts";

const sockets = new Set<Socket>();
const servers: { close: () => void }[] = [];
afterEach(() => {
  sockets.forEach((socket) => void socket.destroy());
  servers.splice(0).forEach((server) => server.close());
});

async function listen(onSocket: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const METADATA = 3;
/** Version 2: no error, three requests with their versions (Produce, Metadata, ApiVersions), no throttling. */
const versions = Buffer.concat([bytes(2, 0), bytes(4, 3), bytes(2, 0, 2, 2, METADATA, 0, 0, 18, 0, 2), bytes(4, 0)]);
/** Version 0: broker 7 leads the topic's one partition. */
const metadata = (port: number): Buffer =>
  Buffer.concat([
    ...[bytes(4, 1, 7), string("127.0.0.1"), bytes(4, port)],
    ...[bytes(4, 1), bytes(2, 0), string("orders"), bytes(4, 1), bytes(2, 0), bytes(4, 0, 7, 1, 7, 1, 7)],
  ]);

/** As much of a broker as names another one as the leader of its topic. */
const brokerNaming = (leaderPort: number, named: () => void): Promise<number> =>
  listen((socket) =>
    socket.on("data", (data: Buffer) => {
      const asksMetadata = data.readInt16BE(4) === METADATA;
      if (asksMetadata) named();
      const answer = Buffer.concat([data.subarray(8, 12), asksMetadata ? metadata(leaderPort) : versions]);
      socket.write(Buffer.concat([bytes(4, answer.length), answer]));
    }),
  );

describe("brokers that Kafka's metadata names", () => {
  /** Produces one message. @param strict whether the leader's address is refused; the first broker's is not */
  async function produce(strict: boolean) {
    let connections = 0;
    let isNamed = false;
    const leader = await listen(() => void (connections += 1));
    const port = await brokerNaming(leader, () => void (isNamed = true));
    const kafka = broker({ type: "kafka", brokers: [`127.0.0.1:${port}`], tls: false, topic: "orders" });
    const urls = {
      get allowPrivate() {
        return !(strict && isNamed);
      },
      allowHttp: true,
      resolve: null,
    };
    const { send, close } = channelOpener(ports({ urls }))(kafka);
    const { message, ...rest } = request(kafka);
    const answer = await send({
      ...rest,
      timeoutMs: 1_500,
      ...(message && { message: { ...message, address: "orders" } }),
    });
    await close();
    return { answer, connections, isNamed };
  }

  it("are held to the rules for addresses: no socket is opened to one that they refuse [G10]", async () => {
    const { answer, connections, isNamed } = await produce(true);
    expect(isNamed).toBe(true);
    expect(answer.error).toBe("blocked_address");
    expect(answer.detail).toContain("must not point to a private");
    expect(connections).toBe(0);
  });

  it("are checked once for all messages that meet them at the same time", async () => {
    let connections = 0;
    const leader = await listen(() => void (connections += 1));
    const port = await brokerNaming(leader, () => undefined);
    const kafka = broker({ type: "kafka", brokers: [`127.0.0.1:${port}`], tls: false, topic: "orders" });
    const { send, close } = channelOpener(ports())(kafka);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const { message, ...rest } = request(kafka, `dlv_${index}`);
        return send({ ...rest, timeoutMs: 1_500, ...(message && { message: { ...message, address: "orders" } }) });
      }),
    );
    await close();
    // The leader accepts and stalls.
    expect(answers.map(({ error }) => error)).toEqual(answers.map(() => "timeout"));
    expect(connections).toBe(1);
  });

  it("are looked up once for all that wait for them", async () => {
    let lookUps = 0;
    const resolve = async () => {
      lookUps += 1;
      await new Promise((done) => setTimeout(done, 20));
      return ok(["10.0.0.1"]);
    };
    const urls = { allowPrivate: false, resolve };
    const sockets = new KafkaSockets(true, new AbortController().signal, ports({ urls }));
    const refusals = Array.from({ length: 3 }, () =>
      once(
        sockets.open("kafka-2.example.com", 9093, () => undefined),
        "never",
      ).catch((error: unknown) => error),
    );
    for (const refusal of await Promise.all(refusals))
      expect(refusal).toMatchObject({ message: expect.stringContaining("resolves to a private") as string });
    expect(lookUps).toBe(1);
  });

  it("are connected to when the rules allow it", async () => {
    const { answer, connections } = await produce(false);
    // It accepts and stalls.
    expect(answer.error).toBe("timeout");
    expect(connections).toBe(1);
  });
});

describe("the brokers that are configured", () => {
  /** Sends one message by these brokers. @param start which of them is first */
  async function sendBy(brokers: readonly string[], start: number) {
    const kafka = broker({ type: "kafka", brokers, tls: false, topic: "orders", timeout_ms: 1_500 });
    const { send, close } = channelOpener(ports({ now: () => start }))(kafka);
    const { message, ...rest } = request(kafka);
    const answer = await send({
      ...rest,
      timeoutMs: 1_500,
      ...(message && { message: { ...message, address: "orders" } }),
    });
    await close();
    return answer;
  }

  it.each([0, 1])("may be away but for one, whichever is first: %i", async (start) => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const gone = (closed.address() as AddressInfo).port;
    closed.close();
    let connections = 0;
    const leader = await listen(() => void (connections += 1));
    const here = await brokerNaming(leader, () => undefined);
    const answer = await sendBy([`127.0.0.1:${gone}`, `127.0.0.1:${here}`], start);
    // The leader accepts and stalls.
    expect([answer.error, connections]).toEqual(["timeout", 1]);
  });

  it("may have an IPv6 address", async () => {
    let connections = 0;
    const port = await listen(() => void (connections += 1), "::1");
    expect([(await sendBy([`[::1]:${port}`], 0)).error, connections]).toEqual(["timeout", 1]);
  });
});
