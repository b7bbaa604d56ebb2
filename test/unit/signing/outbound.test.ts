import { createHash, createHmac, createPublicKey, verify as verifySignature } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64, utf8 } from "../../../src/kernel/bytes.ts";
import { randomBytes } from "../../../src/kernel/random.ts";
import { authSchema, type AuthOf } from "../../../src/model/destination-auth.ts";
import type { HeaderList } from "../../../src/model/event.ts";
import {
  basicHeader,
  fitsHeader,
  hmacSecretBytes,
  kindOfSigningSecret,
  newSigningSecret,
  derivePublicKey,
  signAwsV4,
  signCustomHmac,
  signStandardWebhooks,
  withQuery,
  type BodySigner,
} from "../../../src/signing/index.ts";

const BODY = '{"order":1,"name":"Ünïque ✓"}';

/** Feeds the body in small chunks, as a stream would. */
async function headersOf(signer: BodySigner, body: Uint8Array = utf8(BODY)): Promise<Record<string, string>> {
  for (let at = 0; at < body.byteLength; at += 7) signer.update(body.subarray(at, at + 7));
  const headers: HeaderList = await signer.finish();
  return Object.fromEntries(headers);
}

describe("Standard Webhooks signatures", () => {
  const now = Math.floor(Date.now() / 1000);

  it("are accepted by the official library, and refused after one byte is changed", async () => {
    const secret = await newSigningSecret("hmac", randomBytes);
    const headers = await headersOf(signStandardWebhooks([secret], "evt_1", now));
    expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    const changed = BODY.replace("1", "2");
    expect(() => new Webhook(secret).verify(changed, headers)).toThrow();
  });

  it("are added for each secret, so that a receiver with either secret accepts the request", async () => {
    const [fresh, former] = [await newSigningSecret("hmac", randomBytes), await newSigningSecret("hmac", randomBytes)];
    const headers = await headersOf(signStandardWebhooks([fresh, former], "evt_1", now));
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    for (const secret of [fresh, former]) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    const other = await newSigningSecret("hmac", randomBytes);
    expect(() => new Webhook(other).verify(BODY, headers)).toThrow();
  });

  it("with ed25519 are verified by OpenSSL with the public key", async () => {
    const secret = await newSigningSecret("ed25519", randomBytes);
    const publicKey = (await derivePublicKey(secret)) ?? "";
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    const headers = await headersOf(signStandardWebhooks([secret], "evt_1", now));
    const [version, signature = ""] = (headers["webhook-signature"] ?? "").split(",");
    expect(version).toBe("v1a");
    const raw = fromBase64(publicKey.slice("whpk_".length)) ?? new Uint8Array();
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    const signed = (body: string): Buffer => Buffer.from(`evt_1.${now}.${body}`);
    expect(verifySignature(null, signed(BODY), key, Buffer.from(signature, "base64"))).toBe(true);
    expect(verifySignature(null, signed(`${BODY} `), key, Buffer.from(signature, "base64"))).toBe(false);
  });

  it("use the public key of RFC 8032's first test vector", async () => {
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    const publicKey = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
    expect(await derivePublicKey(`whsk_${seed.toString("base64")}`)).toBe(`whpk_${publicKey.toString("base64")}`);
  });

  it("accept only secrets in the specified forms", async () => {
    const of = (prefix: string, length: number): string => prefix + toBase64(randomBytes(length));
    const kinds = [of("whsec_", 24), of("whsec_", 64), of("whsk_", 32), of("whsk_", 64)].map(kindOfSigningSecret);
    expect(kinds).toEqual(["hmac", "hmac", "ed25519", "ed25519"]);
    for (const bad of [of("whsec_", 23), of("whsec_", 65), of("whsk_", 33), of("", 32), "whsec_*", "whsec_", ""])
      expect(kindOfSigningSecret(bad)).toBeNull();
  });
});

describe("AWS Signature Version 4", () => {
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, the published test suite
  const suite = {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    sessionToken: null,
    region: "us-east-1",
    service: "s3",
  };

  it("matches AWS's published example for GET Object", async () => {
    const example = {
      ...suite,
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    };
    const request = { method: "GET", url: "https://examplebucket.s3.amazonaws.com/?lifecycle", headers: [] };
    const headers = await headersOf(signAwsV4(example, request, Date.UTC(2013, 4, 24)), new Uint8Array());
    expect(headers["x-amz-date"]).toBe("20130524T000000Z");
    expect(headers["x-amz-content-sha256"]).toBe(createHash("sha256").digest("hex"));
    // "Example: GET Bucket Lifecycle" of the Amazon S3 API reference.
    expect(headers["authorization"]).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
  });

  it("signs the digest of a body that came in chunks, the session token and the sender's own x-amz headers", async () => {
    const request = {
      method: "POST",
      url: "https://sqs.us-east-1.amazonaws.com/queue",
      headers: [
        ["X-Amz-Target", "Queue.Send"],
        ["x-amz-date", "forged"],
        ["accept", "*/*"],
      ] as const,
    };
    const credentials = { ...suite, service: "sqs", sessionToken: "session" };
    const headers = await headersOf(signAwsV4(credentials, request, Date.UTC(2026, 10, 24)));
    expect(headers["x-amz-content-sha256"]).toBe(createHash("sha256").update(BODY).digest("hex"));
    expect(headers["x-amz-security-token"]).toBe("session");
    expect(headers["x-amz-date"]).toBe("20261124T000000Z");
    expect(headers["authorization"]).toContain(
      "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-target,",
    );
  });
});

describe("custom HMAC signatures", () => {
  const auth = (change: Record<string, unknown>): AuthOf<"hmac"> =>
    authSchema.parse({ type: "hmac", secret: { secret: "KEY" }, ...change }) as AuthOf<"hmac">;
  const request = { id: "evt_1", method: "POST", url: new URL("https://api.example.com/a/b?c=d") };

  it.each([
    [{}, BODY, "sha256", "hex", "x-signature", ""],
    [
      { algorithm: "sha1", prefix: "sha1=", header: "X-Hub-Signature" },
      BODY,
      "sha1",
      "hex",
      "X-Hub-Signature",
      "sha1=",
    ],
    [{ algorithm: "sha512", encoding: "base64" }, BODY, "sha512", "base64", "x-signature", ""],
    [
      { encoding: "base64url", template: "{timestamp}.{body}" },
      `1000.${BODY}`,
      "sha256",
      "base64url",
      "x-signature",
      "",
    ],
    [
      { template: "{id}:{method}:{path}?{query}:{body}:end" },
      `evt_1:POST:/a/b?c=d:${BODY}:end`,
      "sha256",
      "hex",
      "x-signature",
      "",
    ],
    [{ template: "{method} {url}" }, "POST https://api.example.com/a/b?c=d", "sha256", "hex", "x-signature", ""],
    [{ prefix: "t={timestamp},v1=" }, BODY, "sha256", "hex", "x-signature", "t=1000,v1="],
  ] as const)("%j", async (change, signed, algorithm, encoding, header, prefix) => {
    const headers = await headersOf(signCustomHmac(auth(change), utf8("key"), request, 1_000));
    expect(headers).toEqual({ [header]: prefix + createHmac(algorithm, "key").update(signed).digest(encoding) });
  });

  it("send the time of signing in the configured header", async () => {
    const headers = await headersOf(signCustomHmac(auth({ timestamp_header: "x-time" }), utf8("key"), request, 1_000));
    expect(headers["x-time"]).toBe("1000");
  });

  it.each([
    [{ template: "{body}{body}" }],
    [{ template: "{nonsense}" }],
    [{ template: "{" }],
    [{ header: "host" }],
    [{ header: "bad name" }],
    [{ prefix: "{body}" }],
    [{ algorithm: "md5" }],
  ])("are refused at configuration: %j", (change) => {
    expect(() => auth(change)).toThrow();
  });

  it("read the key in the configured encoding", () => {
    expect(hmacSecretBytes("6b6579", "hex")).toEqual(utf8("key"));
    expect(hmacSecretBytes("a2V5", "base64")).toEqual(utf8("key"));
    expect(hmacSecretBytes("key", "utf8")).toEqual(utf8("key"));
    expect([hmacSecretBytes("xyz", "hex"), hmacSecretBytes("", "base64")]).toEqual([null, null]);
  });
});

describe("plain credentials", () => {
  it("are sent in UTF-8, and only when they fit in a header", () => {
    expect(basicHeader("user", "pä:ss")).toBe(`Basic ${Buffer.from("user:pä:ss").toString("base64")}`);
    expect(["token", "a b", "line\nend", "ä", " x", ""].map(fitsHeader)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it.each([
    ["https://a.test/x", "https://a.test/x?key=v%26%20"],
    ["https://a.test/x?a=%2F&b=+", "https://a.test/x?a=%2F&b=+&key=v%26%20"],
    ["https://a.test/x?key=sender&a=1&k%65y=2&key", "https://a.test/x?a=1&key=v%26%20"],
    ["https://a.test/x?%zz=1&a?b", "https://a.test/x?%zz=1&a?b&key=v%26%20"],
  ])("in the query replace a parameter of the same name and leave the rest of %s as it is", (url, expected) => {
    expect(withQuery(url, "key", "v& ")).toBe(expected);
  });
});
