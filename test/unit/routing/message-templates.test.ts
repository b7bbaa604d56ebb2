import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import type { SluiceEvent } from "../../../src/model/event.ts";
import { messageTemplates, renderMessageFields } from "../../../src/routing/index.ts";
import { broker, password } from "../brokers/messages.ts";

const body = utf8('{"order": {"id": 7, "tags": ["a"]}, "empty": ""}');
const event: SluiceEvent = {
  id: "evt_1" as SluiceEvent["id"],
  source_id: null,
  received_at: 0,
  method: "POST",
  path: "/sub",
  query: "?a=1",
  headers: [
    ["content-type", "application/json"],
    ["X-Tenant", "acme"],
  ],
  body: { kind: "inline", bytes: body },
  body_bytes: body.byteLength,
  verified: true,
  event_type: "order.paid",
};
const rabbitmq = (routing_key: string) =>
  broker({
    type: "rabbitmq",
    url: "amqps://r.example.com",
    auth: { type: "basic", username: "u", password },
    exchange: "",
    routing_key,
  });
function rendered(text: string, of: Partial<SluiceEvent> = {}) {
  const templates = messageTemplates(rabbitmq(text));
  if (!templates.ok) return `${templates.error.pointer} ${templates.error.detail}`;
  const fields = renderMessageFields(templates.value, { ...event, ...of }, body, "shop");
  return fields.ok ? fields.value.address : fields.error;
}

describe("templates of messages", () => {
  it.each([
    ["orders", "orders"],
    ["{event.type}", "order.paid"],
    ["{{event.type}}", "order.paid"],
    ["{source}.{event.id}.{ body.order.id }", "shop.evt_1.7"],
    ["{headers.x-tenant}{path}{query.a}{method}", "acme/sub1POST"],
    ["{body.order.tags[0]}", "a"],
  ])("%s gives %s", (template, result) => {
    expect(rendered(template)).toBe(result);
  });

  it.each([
    ["{body.none}", "routing_key: {{body.none}} is missing"],
    ["{body.order}", "routing_key: {{body.order}} is not a single value"],
    ["{body.empty}", "routing_key: the result is empty"],
    ["{colour}", "/routing_key {{colour}} must begin with one of body, headers, query, path, method, event, source"],
    ["{event.type", "/routing_key has a brace without its counterpart"],
    ["event.type}", "/routing_key has a brace without its counterpart"],
    ["{}", "/routing_key {{}} must name a field"],
  ])("%s fails: %s", (template, fault) => {
    expect(rendered(template)).toBe(fault);
  });

  it("fail for an event without a type, and for a result that its field has no room for", () => {
    expect(rendered("{event.type}", { event_type: null })).toBe("routing_key: {{event.type}} is missing");
    expect(rendered("{headers.long}", { headers: [["long", "ü".repeat(128)]] })).toBe(
      "routing_key: the result has more than 255 bytes",
    );
  });

  it.each([
    ["topic", "orders.paid-1_x", null],
    [
      "topic",
      "orders/paid",
      "topic: the result may only have letters, digits, `.`, `_` and `-`, and not only one or two dots",
    ],
    [
      "topic",
      "a\nb",
      "topic: the result may only have letters, digits, `.`, `_` and `-`, and not only one or two dots",
    ],
    ["topic", "..", "topic: the result may only have letters, digits, `.`, `_` and `-`, and not only one or two dots"],
    ["group_id", "customer:7/~", null],
    ["group_id", "customer 7", "group_id: the result may only have letters, digits and punctuation of ASCII"],
    ["group_id", "kundin-ü", "group_id: the result may only have letters, digits and punctuation of ASCII"],
  ])("fail where the %s would be %j: %s", (field, value, fault) => {
    const auth = {
      type: "aws_sigv4",
      access_key_id: "A",
      secret_access_key: { secret: "KEY" },
      region: "eu-central-1",
    };
    const spec =
      field === "topic"
        ? broker({ type: "kafka", brokers: ["k.example.com:9093"], topic: "{headers.x-value}" })
        : broker({ type: "sqs", url: "https://sqs.example.com/1/q", auth, group_id: "{headers.x-value}" });
    const templates = messageTemplates(spec);
    const of = { ...event, headers: [["x-value", value]] as const };
    const fields = templates.ok ? renderMessageFields(templates.value, of, body, null) : null;
    expect(fields?.ok === false ? fields.error : null).toBe(fault);
  });

  it("read the body only where they name it", () => {
    const templates = messageTemplates(rabbitmq("{event.id}"));
    expect(templates.ok && renderMessageFields(templates.value, event, "missing", null)).toEqual({
      ok: true,
      value: { address: "evt_1", key: null },
    });
    expect(rendered("{body.order.id}", { headers: [["content-encoding", "unknown"]] })).toContain("the body ");
  });
});
