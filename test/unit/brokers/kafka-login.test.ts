// Kafka's login by SASL, against as much of a broker as it takes: the mock cluster has none.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { channelOpener } from "../../../src/brokers/index.ts";
import { bytes, string } from "./kafka-wire.ts";
import { broker, password, ports, request } from "./messages.ts";

const [HANDSHAKE, VERSIONS, AUTHENTICATE] = [17, 18, 36];
/** ApiVersions, version 2: the two requests of a login, and this one. */
const versions = Buffer.concat([
  bytes(2, 0),
  bytes(4, 3),
  bytes(2, HANDSHAKE, 1, 1, VERSIONS, 0, 2, AUTHENTICATE, 0, 0),
  bytes(4, 0),
]);
const mechanisms = Buffer.concat([bytes(2, 0), bytes(4, 1), string("PLAIN")]);
/** SASL_AUTHENTICATION_FAILED. */
const refused = Buffer.concat([bytes(2, 58), string("no such user"), bytes(4, 0)]);

it.each([
  ["sasl_plain", "no such user"],
  ["sasl_scram_sha_512", "not supported by the server"],
])("a login by %s that the broker refuses is auth_failed: %s", async (type, detail) => {
  const logins: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      const api = data.readInt16BE(4);
      if (api === AUTHENTICATE) logins.push(data.toString());
      const answer = Buffer.concat([
        data.subarray(8, 12),
        api === VERSIONS ? versions : api === HANDSHAKE ? mechanisms : refused,
      ]);
      socket.write(Buffer.concat([bytes(4, answer.length), answer]));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const kafka = broker({ type: "kafka", brokers, tls: false, topic: "t", auth: { type, username: "u", password } });
  const { send, close } = channelOpener(ports())(kafka);
  const { message, ...rest } = request(kafka);
  const secrets = { password: "planted-password" };
  const answer = await send({ ...rest, timeoutMs: 3_000, ...(message && { message: { ...message, secrets } }) });
  await close();
  server.close();
  expect([answer.error, answer.detail]).toEqual(["auth_failed", expect.stringContaining(detail) as string]);
  expect(answer.detail).not.toContain("planted");
  expect(logins.map((login) => login.includes("\0u\0planted-password"))).toEqual(type === "sasl_plain" ? [true] : []);
});
