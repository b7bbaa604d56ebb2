// A self-signed X.509 certificate for tests, built byte by byte, because Node can read certificates but not create them.
import { sign, type KeyObject } from "node:crypto";

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length =
    body.length < 0x80
      ? Buffer.from([body.length])
      : body.length < 0x100
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x82, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const hex = (text: string): Buffer => Buffer.from(text, "hex");
/** sha256WithRSAEncryption, NULL. */
const ALGORITHM = sequence(der(0x06, hex("2a864886f70d01010b")), der(0x05));
const name = (common: string): Buffer =>
  sequence(der(0x31, sequence(der(0x06, hex("550403")), der(0x0c, Buffer.from(common)))));
const time = (at: number): Buffer =>
  der(0x18, Buffer.from(new Date(at * 1_000).toISOString().replaceAll(/[-:T]|\.\d+/g, "")));

/** In PEM. Times in seconds. */
export function selfSigned(keys: { publicKey: KeyObject; privateKey: KeyObject }, from: number, to: number): string {
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ALGORITHM,
    name("sns.amazonaws.com"),
    sequence(time(from), time(to)),
    name("sns.amazonaws.com"),
    keys.publicKey.export({ format: "der", type: "spki" }),
  );
  const signature = sign("sha256", body, keys.privateKey);
  const whole = sequence(body, ALGORITHM, der(0x03, Buffer.from([0]), signature));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}
