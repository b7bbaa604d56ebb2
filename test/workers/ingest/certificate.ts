// The least certificate that parses (RFC 5280), with a key made for the occasion.

const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return new Uint8Array([tag, ...size, ...parts.flatMap((part) => [...part])]);
};
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
const time = (text: string): Uint8Array => der(0x17, new TextEncoder().encode(text));
// sha256WithRSAEncryption
const ALGORITHM = sequence(der(0x06, bytes(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b)), der(0x05));

export interface SelfSigned {
  readonly pem: string;
  /** Base64 of the PKCS #1 signature over a text. */
  readonly sign: (text: string) => Promise<string>;
}

export async function selfSigned(): Promise<SelfSigned> {
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2_048, publicExponent: bytes(1, 0, 1) };
  const keys = (await crypto.subtle.generateKey(rsa, true, ["sign", "verify"])) as CryptoKeyPair;
  const signed = async (data: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.sign(rsa, keys.privateKey, data));
  const spki = new Uint8Array((await crypto.subtle.exportKey("spki", keys.publicKey)) as ArrayBuffer);
  const toSign = sequence(
    der(0xa0, der(0x02, bytes(2))),
    der(0x02, bytes(1)),
    ALGORITHM,
    sequence(),
    sequence(time("200101000000Z"), time("491231235959Z")),
    sequence(),
    spki,
  );
  const certificate = sequence(toSign, ALGORITHM, der(0x03, bytes(0), await signed(toSign)));
  const base64 = Buffer.from(certificate).toString("base64");
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})/g, "$1\n")}\n-----END CERTIFICATE-----\n`,
    sign: async (text) => Buffer.from(await signed(new TextEncoder().encode(text))).toString("base64"),
  };
}
