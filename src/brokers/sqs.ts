// Sends to Amazon SQS by SendMessageBatch, ten messages a call, each settled on its own.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
import { AwsV4Signer } from "aws4fetch";
import { MAX_SQS_MESSAGE_BYTES } from "../config/limits.ts";
import { decodeUtf8, toBase64, utf8 } from "../kernel/bytes.ts";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { err, ok } from "../kernel/result.ts";
import type { BrokerOf } from "../model/destination.ts";
import { headerValue } from "../model/event.ts";
import { Batcher, toAll } from "./batcher.ts";
import { fault } from "./faults.ts";
import { headerTable } from "./headers.ts";
import { callApi, statusFault, textOf, type ApiAnswer } from "./http.ts";
import type { BrokerPorts, Confirmed, Connect, Fault, Message } from "./types.ts";

/** In bytes and in messages, of one call. */
const LIMITS = { messages: 10, bytes: MAX_SQS_MESSAGE_BYTES };

interface Entry {
  readonly MessageBody: string;
  readonly MessageAttributes: Readonly<Record<string, { readonly DataType: "String"; readonly StringValue: string }>>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

export const connectSqs: Connect<"sqs"> = async (destination, first, signal, ports) => {
  const batcher = new Batcher<Entry>(LIMITS, ports.sleep, (entries) =>
    send(destination, entries, first.secrets, signal, ports),
  );
  return ok({
    publish: (message) => {
      const entry = entryOf(message, destination);
      return batcher.add(entry, sizeOf(entry));
    },
    close: async () => undefined,
  });
};

/** Characters that SQS does not take. XML 1.0, section 2.2. */
// eslint-disable-next-line no-control-regex -- these are the point
const NOT_ALLOWED = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Text as it is; anything that SQS does not take as base64, marked so. */
function entryOf(message: Message, { url }: BrokerOf<"sqs">): Entry {
  const text = decodeUtf8(message.body);
  const isText = text !== null && !NOT_ALLOWED.test(text);
  const attributes: Record<string, string> = {
    content_type: headerValue(message.headers, "content-type") ?? "",
    event_id: message.eventId,
    delivery_id: message.deliveryId,
    attempt: String(message.attempt),
    source: message.source ?? "",
    ...(isText ? {} : { body_encoding: "base64" }),
    headers: JSON.stringify(headerTable(message.headers)),
  };
  const given = Object.entries(attributes).filter(([, value]) => value !== "" && !NOT_ALLOWED.test(value));
  return {
    MessageBody: isText ? text : toBase64(message.body),
    MessageAttributes: Object.fromEntries(
      given.map(([name, StringValue]) => [name, { DataType: "String", StringValue }] as const),
    ),
    ...(message.key === null ? {} : { MessageGroupId: message.key }),
    ...(url.endsWith(".fifo") ? { MessageDeduplicationId: message.deliveryId.slice(-128) } : {}),
  };
}

/** Names, types and values of attributes count. */
const sizeOf = ({ MessageBody, MessageAttributes }: Entry): number =>
  Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType, StringValue }]) => sum + name.length + DataType.length + utf8(StringValue).byteLength,
    utf8(MessageBody).byteLength,
  );

async function send(
  { url, auth }: BrokerOf<"sqs">,
  entries: readonly Entry[],
  secrets: Message["secrets"],
  signal: AbortSignal,
  ports: BrokerPorts,
): Promise<readonly Confirmed[]> {
  const body = JSON.stringify({
    QueueUrl: url,
    Entries: entries.map((entry, index) => ({ Id: String(index), ...entry })),
  });
  const signer = new AwsV4Signer({
    method: "POST",
    url: `${new URL(url).origin}/`,
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessageBatch" },
    body,
    accessKeyId: auth.access_key_id,
    secretAccessKey: secrets["secret_access_key"] ?? "",
    ...(secrets["session_token"] === undefined ? {} : { sessionToken: secrets["session_token"] }),
    region: auth.region,
    service: "sqs",
    datetime: new Date(ports.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
  });
  const { headers } = await signer.sign();
  const answer = await callApi(signer.url.href, { method: "POST", headers, body }, signal, ports);
  if (!answer.ok) return toAll(entries, answer);
  if (answer.value.status !== 200) return toAll(entries, err(failure(answer.value)));
  return entries.map((_entry, index) => resultOf(answer.value.json, String(index)));
}

/** `com.amazonaws.sqs#QueueDoesNotExist`, or with a dot in older forms. */
const codeOf = (code: unknown): string => textOf(code).replace(/^.*[#.](?=[A-Za-z]+$)/, "");

function failure(answer: ApiAnswer): Fault {
  const { __type, code, message, Message } = answer.json;
  const name = codeOf(__type ?? code);
  return name === "" ? statusFault(answer) : namedFault(name, textOf(message ?? Message), answer.status >= 500);
}

function namedFault(name: string, words: string, isTheirs: boolean): Fault {
  const detail = words === "" ? name : `${name}: ${words}`;
  if (/QueueDoesNotExist|NonExistentQueue/.test(name)) return fault("not_found", detail);
  if (/Throttl|RequestLimit|OverLimit|SlowDown|ServiceUnavailable/.test(name)) return fault("throttled", detail);
  if (/TooLong|TooLarge|BatchRequestTooLong/.test(name)) return fault("too_large", detail);
  if (/AccessDenied|Signature|Token|Credential|AuthFailure|InvalidClientTokenId|OptInRequired/.test(name))
    return fault("auth_failed", detail);
  return fault("broker_error", isTheirs ? `${detail} (the service's own fault)` : detail);
}

function resultOf({ Successful, Failed }: JsonObject, id: string): Confirmed {
  const find = (list: unknown): JsonObject | undefined =>
    Array.isArray(list)
      ? (list as unknown[]).find((one): one is JsonObject => isObject(one) && one["Id"] === id)
      : undefined;
  const sent = find(Successful);
  if (sent !== undefined) {
    const { MessageId, SequenceNumber } = sent;
    return ok(JSON.stringify({ message_id: MessageId, sequence_number: SequenceNumber }));
  }
  const failed = find(Failed);
  if (failed === undefined) return err(fault("no_result", "The answer does not say what became of this message."));
  return err(namedFault(codeOf(failed["Code"]), textOf(failed["Message"]), failed["SenderFault"] === false));
}
