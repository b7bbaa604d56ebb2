// The ways in which providers sign, written independently of the code under test.
import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";

/** The time in all signature tests. Seconds. */
export const NOW = 1_795_000_000;
export const URL_SEEN = "https://hooks.example.com/in/source/sub?b=2&a=1%202";

export interface SignedRequest {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface Signer {
  /** Fields of the source's verification other than `type` and `secrets`. */
  readonly options?: Record<string, unknown>;
  /** As configured: the public key, where the provider signs with a private one. */
  readonly secret: string;
  readonly sign: (body: string, secret: string, at: number) => SignedRequest;
  readonly wrongSecret?: string;
  readonly body?: string;
  /** The signature covers the time. */
  readonly timed?: true;
  /** The header with the proof. Null when the proof is in the body or the URL. */
  readonly header: string | null;
  /** Changes one byte that the proof covers, when that is not in the body. */
  readonly tamper?: (request: SignedRequest) => SignedRequest;
}

type Encoding = "hex" | "base64" | "base64url";
export const mac = (hash: string, key: string | Buffer, text: string, encoding: Encoding): string =>
  createHmac(hash, key).update(text).digest(encoding);
export const hex = (secret: string | Buffer, text: string, hash = "sha256"): string => mac(hash, secret, text, "hex");
export const base64 = (secret: string | Buffer, text: string, hash = "sha256"): string =>
  mac(hash, secret, text, "base64");

export const JSON_TYPE = { "content-type": "application/json" };
export const plain = (header: string, value: (body: string, secret: string) => string): Signer => ({
  secret: "a secret, with space",
  header,
  sign: (body, secret) => ({ headers: { ...JSON_TYPE, [header]: value(body, secret) }, body }),
});

export const changed = (text: string, at = 0): string =>
  text.slice(0, at) + (text[at] === "x" ? "y" : "x") + text.slice(at + 1);
export const token = (header: string, value: (secret: string) => string, secret = "a-token-0123456789"): Signer => ({
  secret,
  header,
  sign: (body, own) => ({ headers: { ...JSON_TYPE, [header]: value(own) }, body }),
  tamper: (request) => ({
    ...request,
    headers: {
      ...request.headers,
      [header]: changed(request.headers[header] ?? "", (request.headers[header] ?? "").length - 1),
    },
  }),
});
export const basic = (secret: string): string => `Basic ${Buffer.from(secret).toString("base64")}`;

const whsecKey = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ""), "base64");
export const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_WHSEC = "whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const standard = (prefix: string): Signer => ({
  secret: WHSEC,
  wrongSecret: OTHER_WHSEC,
  timed: true,
  header: `${prefix}-signature`,
  sign: (body, secret, at) => ({
    headers: {
      ...JSON_TYPE,
      [`${prefix}-id`]: "msg_1",
      [`${prefix}-timestamp`]: String(at),
      [`${prefix}-signature`]: `v1,${base64(whsecKey(secret), `msg_1.${at}.${body}`)}`,
    },
    body,
  }),
});

export const pairs = (header: string, time: string, version: string, separator: string, join: string): Signer => ({
  secret: "whsec_used-as-text",
  timed: true,
  header,
  sign: (body, secret, at) => ({
    headers: { ...JSON_TYPE, [header]: `${time}=${at}${separator}${version}=${hex(secret, `${at}${join}${body}`)}` },
    body,
  }),
});

export const v0 = (header: string, timeHeader: string): Signer => ({
  secret: "8f742231b10e8888abcd99yyyzzz85a5",
  timed: true,
  header,
  sign: (body, secret, at) => ({
    headers: { ...JSON_TYPE, [timeHeader]: String(at), [header]: `v0=${hex(secret, `v0:${at}:${body}`)}` },
    body,
  }),
});

export interface Pair {
  /** As configured. */
  readonly text: string;
  readonly key: KeyObject;
}
export function ed25519(encode: (raw: Buffer) => string): Pair {
  const pair = generateKeyPairSync("ed25519");
  return { text: encode(pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32)), key: pair.privateKey };
}
export function p256(): Pair {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { text: pair.publicKey.export({ format: "der", type: "spki" }).toString("base64"), key: pair.privateKey };
}
export const DISCORD = ed25519((raw) => raw.toString("hex"));
export const WHPK = ed25519((raw) => `whpk_${raw.toString("base64")}`);
export const SENDGRID = p256();
const OTHERS = { ed25519: ed25519(() => "").key, ec: p256().key };
/** The private key of the pair. For any other secret, the key of someone else. */
export const privateKey = (pair: Pair, secret: string): KeyObject =>
  secret === pair.text ? pair.key : OTHERS[pair.key.asymmetricKeyType === "ec" ? "ec" : "ed25519"];

const ADYEN_ITEM = {
  amount: { currency: "EUR", value: 1130 },
  eventCode: "AUTHORISATION",
  merchantAccountCode: "TestMerchant",
  merchantReference: "TestPayment-1407325143704",
  pspReference: "7914073381342284",
  success: "true",
};
export const adyenBody = (secret: string, item: Record<string, unknown> = ADYEN_ITEM): string => {
  const text = "7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true";
  const hmacSignature = base64(Buffer.from(secret, "hex"), text);
  return JSON.stringify({
    live: "false",
    notificationItems: [{ NotificationRequestItem: { ...item, additionalData: { hmacSignature } } }],
  });
};
