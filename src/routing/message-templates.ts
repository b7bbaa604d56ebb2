// The fields of a broker's message that depend on the event: routing key, stream, topic, key, message group. Pure.
import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { BrokerSpec } from "../model/destination.ts";
import type { SluiceEvent } from "../model/event.ts";
import type { Fault } from "./filter-compile.ts";
import type { BodySource } from "./request-views.ts";
import { parseTemplate, render, type Template } from "./template.ts";
import { templateValues } from "./template-values.ts";

interface Field {
  readonly name: string;
  readonly template: Template;
  readonly maxBytes: number;
  /** What the broker takes here; null where it takes any text. */
  readonly characters: Characters | null;
}

interface Characters {
  readonly allowed: RegExp;
  /** For the user. */
  readonly are: string;
}

export interface MessageTemplates {
  /** Where the message goes: routing key, stream or topic; null for a queue. */
  readonly address: Field | null;
  /** Kafka's key, or the message group; null where there is none. */
  readonly key: Field | null;
  readonly readsBody: boolean;
}

export interface MessageFields {
  /** Empty for a queue. */
  readonly address: string;
  readonly key: string | null;
}

/** AMQP 0-9-1, section 4.2.5.3 (short strings); Kafka's own limit; ours; SQS's own limit. Bytes. */
const MAX_BYTES = { routing_key: 255, topic: 249, stream: 512, key: 1_024, group_id: 128 } as const;

/** Kafka's and SQS's own rules. SQS may refuse a whole call for one group. */
const CHARACTERS: Readonly<Partial<Record<keyof typeof MAX_BYTES, Characters>>> = {
  topic: {
    allowed: /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/,
    are: "letters, digits, `.`, `_` and `-`, and not only one or two dots",
  },
  group_id: { allowed: /^[!-~]+$/, are: "letters, digits and punctuation of ASCII" },
};

export function messageTemplates(spec: BrokerSpec): Result<MessageTemplates, Fault> {
  let fault: Fault | null = null;
  const field = (name: keyof typeof MAX_BYTES, text: string | null): Field | null => {
    if (text === null) return null;
    const parsed = parseBraces(text);
    if (parsed.ok)
      return { name, template: parsed.value, maxBytes: MAX_BYTES[name], characters: CHARACTERS[name] ?? null };
    fault ??= { pointer: `/${name}`, detail: parsed.error };
    return null;
  };
  const [address, key] = fieldsOf(spec, field);
  if (fault !== null) return err(fault);
  return ok({ address, key, readsBody: [address, key].some((one) => one?.template.readsBody === true) });
}

function fieldsOf(
  spec: BrokerSpec,
  field: (name: keyof typeof MAX_BYTES, text: string | null) => Field | null,
): [address: Field | null, key: Field | null] {
  switch (spec.type) {
    case "rabbitmq":
      return [field("routing_key", spec.routing_key), null];
    case "redis_stream":
      return [field("stream", spec.stream), null];
    case "kafka":
      return [field("topic", spec.topic), field("key", spec.key)];
    case "sqs":
      return [null, field("group_id", spec.group_id)];
    case "cloudflare_queue":
      return [null, null];
  }
}

/** `{body.id}` means the same as `{{body.id}}`. */
function parseBraces(text: string): Result<Template, string> {
  const doubled = text.replaceAll(/\{\{[^{}]*\}\}|\{[^{}]*\}/g, (found) =>
    found.startsWith("{{") ? found : `{${found}}`,
  );
  if (/[{}]/.test(doubled.replaceAll(/\{\{[^{}]*\}\}/g, ""))) return err("has a brace without its counterpart");
  return parseTemplate(doubled);
}

/**
 * Fails with a message for the user.
 * @param body needed only if `readsBody` is true
 */
export function renderMessageFields(
  { address, key, readsBody }: MessageTemplates,
  event: SluiceEvent,
  body: BodySource,
  sourceSlug: string | null,
): Result<MessageFields, string> {
  const read = templateValues(event, readsBody ? body : null, sourceSlug);
  if (!read.ok) return read;
  const values = read.value;
  const fill = (field: Field | null): Result<string | null, string> => {
    if (field === null) return ok(null);
    const text = render(field.template, values);
    if (!text.ok) return err(`${field.name}: ${text.error}`);
    if (text.value === "") return err(`${field.name}: the result is empty`);
    const bytes = utf8(text.value).byteLength;
    if (bytes > field.maxBytes) return err(`${field.name}: the result has more than ${field.maxBytes} bytes`);
    const { characters } = field;
    return characters === null || characters.allowed.test(text.value)
      ? ok(text.value)
      : err(`${field.name}: the result may only have ${characters.are}`);
  };
  const [to, by] = [fill(address), fill(key)];
  if (!to.ok) return to;
  return by.ok ? ok({ address: to.value ?? "", key: by.value }) : by;
}
