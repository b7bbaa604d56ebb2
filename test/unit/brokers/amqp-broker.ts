// As much of RabbitMQ as takes a login and messages, for what a real one does too rarely.
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

const frame = (type: number, channel: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
};
/** @param id class and method */
const method = (channel: number, id: readonly [number, number], ...rest: readonly Buffer[]): Buffer =>
  frame(1, channel, Buffer.concat([Buffer.from([0, id[0], 0, id[1]]), ...rest]));
const long = (text: string): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};

const START = method(0, [10, 10], Buffer.from([0, 9, 0, 0, 0, 0]), long("PLAIN"), long("en_US"));
const TUNE = method(0, [10, 30], Buffer.from([0, 10, 0, 2, 0, 0, 0, 0]));
export const OPEN_OK = method(0, [10, 41], Buffer.from([0]));
export const BLOCKED = method(0, [10, 60], Buffer.from([3]), Buffer.from("low"));
/** Closes the connection for this reason. */
export const closeFor = (code: number, text: string): Buffer =>
  method(0, [10, 50], Buffer.from([code >> 8, code & 255, text.length]), Buffer.from(text), Buffer.from([0, 0, 0, 0]));
/** Confirms the message with this number on channel 1. */
export const ack = (tag: number): Buffer => method(1, [60, 80], Buffer.from([0, 0, 0, 0, 0, 0, 0, tag, 0]));

/** What the client calls, by class and method, and what it is answered. */
const ANSWERS: Readonly<Record<string, Buffer>> = {
  "10.11": TUNE,
  "10.40": OPEN_OK,
  "20.10": method(1, [20, 11], long("")),
  "85.10": method(1, [85, 11]),
  "10.50": method(0, [10, 51]),
};
const PUBLISH = "60.40";

interface Behaviour {
  /** Instead of answering the request to open the virtual host. */
  readonly onOpen?: (socket: Socket) => void;
  /** @param count of messages on this connection, with this one */
  readonly onPublish: (socket: Socket, count: number) => void;
}

export interface AmqpBroker {
  readonly port: number;
  readonly connections: () => number;
  readonly open: () => number;
  readonly close: () => void;
}

export async function startAmqpBroker({ onOpen, onPublish }: Behaviour): Promise<AmqpBroker> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    let rest: Buffer = Buffer.alloc(0);
    let isGreeted = false;
    let published = 0;
    socket.on("data", (data: Buffer) => {
      rest = Buffer.concat([rest, data]);
      if (!isGreeted && rest.length >= 8) {
        isGreeted = true;
        rest = rest.subarray(8);
        socket.write(START);
      }
      while (isGreeted && rest.length >= 7 && rest.length >= rest.readUInt32BE(3) + 8) {
        const [type, payload] = [rest.readUInt8(0), rest.subarray(7, 7 + rest.readUInt32BE(3))];
        rest = rest.subarray(payload.length + 8);
        if (type !== 1) continue;
        const called = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
        if (called === PUBLISH) onPublish(socket, ++published);
        else if (called === "10.40" && onOpen !== undefined) onOpen(socket);
        else socket.write(ANSWERS[called] ?? Buffer.alloc(0));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    open: () => sockets.size,
    close: () => {
      sockets.forEach((socket) => void socket.destroy());
      server.close();
    },
  };
}
