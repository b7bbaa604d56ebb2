// Messages of Amazon SNS, with test certificates in place of Amazon's.
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { remoteTexts } from "../../../src/signing/index.ts";
import { selfSigned } from "./certificate.ts";
import { configured, judge } from "./judge.ts";
import { NOW } from "./signer.ts";

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const others = generateKeyPairSync("rsa", { modulusLength: 2048 });
const URL_OK = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:orders";

type Message = Record<string, string>;
const FIELDS: Record<string, string[]> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};
const signed = (change: Message = {}, version = "2", key = keys.privateKey): Message => {
  const message: Message = {
    Type: "Notification",
    MessageId: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    TopicArn: TOPIC,
    Subject: "My subject",
    Message: "Hello\nWörld!",
    Timestamp: new Date(NOW * 1_000).toISOString(),
    SignatureVersion: version,
    SigningCertURL: URL_OK,
    ...change,
  };
  if (message["Subject"] === "") delete message["Subject"];
  const text = (FIELDS[message["Type"] ?? ""] ?? [])
    .filter((field) => message[field] !== undefined)
    .map((field) => `${field}\n${message[field]}\n`)
    .join("");
  return {
    ...message,
    Signature: sign(version === "1" ? "sha1" : "sha256", Buffer.from(text), key).toString("base64"),
  };
};

const fetched: string[] = [];
const publishing = (pem: string | null) =>
  remoteTexts(async (url) => {
    fetched.push(url);
    return pem;
  });
const remote = publishing(selfSigned(keys, NOW - 1_000, NOW + 100_000));
const verdict = (message: unknown, options: Record<string, unknown> = {}, at = NOW, from = remote) =>
  judge(
    { headers: { "content-type": "text/plain" }, body: JSON.stringify(message) },
    configured("aws_sns", options, 0),
    { at, remote: from },
  );

describe("aws_sns", () => {
  it.each<[string, Message]>([
    ["signature version 2", signed()],
    ["signature version 1", signed({}, "1")],
    ["a message without subject", signed({ Subject: "" })],
    [
      "a subscription confirmation",
      signed({
        Type: "SubscriptionConfirmation",
        Token: "t",
        SubscribeURL: "https://sns.eu-central-1.amazonaws.com/?a=b",
        Subject: "",
      }),
    ],
  ])("accepts %s", async (_what, message) => {
    expect(await verdict(message)).toEqual({ ok: true });
    expect(await verdict(message, { topic_arns: ["arn:aws:sns:eu-central-1:1:x", TOPIC] })).toEqual({ ok: true });
  });

  it.each<[string, string, unknown]>([
    ["a message with one byte changed", "signature_mismatch", { ...signed(), Message: "Hello\nWorld!" }],
    ["another's signature", "signature_mismatch", signed({}, "2", others.privateKey)],
    ["a signature of the other version", "signature_mismatch", { ...signed({}, "1"), SignatureVersion: "2" }],
    ["a signature cut short", "malformed_signature", { ...signed(), Signature: signed()["Signature"]?.slice(0, -1) }],
    ["no signature", "missing_signature", { ...signed(), Signature: undefined }],
    ["a version by the name of a property", "malformed_signature", { ...signed(), SignatureVersion: "constructor" }],
    ["an unknown version", "malformed_signature", { ...signed(), SignatureVersion: "3" }],
    ["an unknown type", "malformed_body", { ...signed(), Type: "constructor" }],
    ["what is no message", "malformed_body", [1]],
    [
      "a certificate from another host",
      "untrusted_key_url",
      signed({ SigningCertURL: "https://evil.example/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem" }),
    ],
    [
      "a certificate from a bucket on AWS",
      "untrusted_key_url",
      signed({
        SigningCertURL: "https://sns.s3.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem",
      }),
    ],
    [
      "a host that only begins like AWS's",
      "untrusted_key_url",
      signed({ SigningCertURL: URL_OK.replace("amazonaws.com", "amazonaws.com.evil.example") }),
    ],
    ["a certificate over http", "untrusted_key_url", signed({ SigningCertURL: URL_OK.replace("https", "http") })],
    [
      "a user name before the host",
      "untrusted_key_url",
      signed({ SigningCertURL: URL_OK.replace("https://", "https://a@") }),
    ],
    [
      "another file on the host",
      "untrusted_key_url",
      signed({ SigningCertURL: URL_OK.replace("SimpleNotificationService-", "x/../") }),
    ],
  ])("refuses %s", async (_what, cause, message) => {
    expect(await verdict(message)).toEqual({ ok: false, cause });
  });

  it("refuses a message of a topic that is not listed", async () => {
    expect(await verdict(signed(), { topic_arns: [`${TOPIC}2`] })).toEqual({ ok: false, cause: "topic_not_allowed" });
  });

  it("accepts messages for the hour in which SNS retries, and refuses older ones and ones from the future [G9]", async () => {
    expect(await verdict(signed(), {}, NOW + 3_600)).toEqual({ ok: true });
    expect(await verdict(signed(), {}, NOW + 3_601)).toEqual({ ok: false, cause: "timestamp_too_old" });
    expect(await verdict(signed(), {}, NOW - 3_601)).toEqual({ ok: false, cause: "timestamp_in_future" });
    expect(await verdict(signed(), { tolerance_seconds: 60 }, NOW + 61)).toMatchObject({ ok: false });
  });

  it("refuses a certificate that is expired, broken or unavailable", async () => {
    for (const pem of [
      selfSigned(keys, NOW - 2_000, NOW - 1),
      selfSigned(keys, NOW + 1, NOW + 2_000),
      "nonsense",
      null,
    ])
      expect(await verdict(signed(), {}, NOW, publishing(pem))).toEqual({ ok: false, cause: "unusable_keys" });
    const failing = remoteTexts(() => Promise.reject(new Error("unreachable")));
    expect(await verdict(signed(), {}, NOW, failing)).toEqual({ ok: false, cause: "keys_unavailable" });
  });

  it("fetches a certificate once, and only from AWS", () => {
    expect(fetched.filter((url) => url !== URL_OK)).toEqual([]);
    // For all messages above: once per hour of the test clock, and once per set of certificates.
    expect(fetched.length).toBeLessThanOrEqual(7);
  });
});
