import { describe, expect, it } from "vitest";
import { alertForm, RULES, ruleOf, TARGETS, targetOf } from "../../../src/dashboard/forms/alert-form.ts";
import { connectionForm } from "../../../src/dashboard/forms/connection-form.ts";
import { AUTH_OF_TYPE } from "../../../src/dashboard/forms/broker-fields.ts";
import { destinationForm } from "../../../src/dashboard/forms/destination-form.ts";
import type { FormValues } from "../../../src/dashboard/forms/form-spec.ts";
import { requestBody, initialValues, storedValues } from "../../../src/dashboard/forms/form-values.ts";
import { sourceForm } from "../../../src/dashboard/forms/source-form.ts";
import { alertSpecSchema } from "../../../src/model/alert.ts";
import { destinationSpecSchema } from "../../../src/model/destination.ts";
import { sourceSpecSchema } from "../../../src/model/source.ts";
import { PRESETS } from "../../../src/signing/index.ts";

const sealed = { sealed: "v1.00000000.AAAA" };
const changed = (values: FormValues, change: Record<string, string>): FormValues => ({
  ...values,
  ...Object.fromEntries(Object.entries(change).map(([path, text]) => [path, [text]])),
});

describe("the form of a source", () => {
  const source = {
    ...sourceSpecSchema.parse({
      name: "Shop",
      slug: "shop",
      verification: { type: "hmac", header: "x-sig", secrets: [sealed], separator: "," },
      rate_limit: { limit: 5 },
      dedupe: { key: "body_hash", window_seconds: 60 },
      response: { status: 200, headers: { "x-a": "1: 2" }, body: "ok" },
    }),
  };
  const { secrets: _secret, ...verification } = source.verification as { secrets: unknown };
  const shown = { ...source, verification };
  const form = sourceForm("hmac");

  it("sends back what it shows and keeps the other stored properties, without secrets", () => {
    const { body, faults } = requestBody(form, storedValues(form, shown), shown);
    expect(faults).toEqual([]);
    const { slug: _slug, ...sent } = body;
    expect(shown).toMatchObject(sent);
    expect(verification).toMatchObject(body["verification"] as object);
    expect(body["verification"]).toMatchObject({ separator: ",", header: "x-sig" });
  });

  it("sends null for an object whose deciding field is emptied", () => {
    const values = changed(storedValues(form, shown), {
      "rate_limit/limit": "",
      "dedupe/key": " ",
      "response/status": "",
    });
    expect(requestBody(form, values, shown).body).toMatchObject({ rate_limit: null, dedupe: null, response: null });
  });

  it("sends the place of the event type as it is written, and null when it is emptied", () => {
    const given = changed(storedValues(form, shown), { event_type: '{"json": "a.type"}' });
    const { event_type } = requestBody(form, given, shown).body;
    expect(event_type).toEqual({ json: "a.type" });
    const stored = { ...shown, event_type };
    const emptied = changed(storedValues(form, stored), { event_type: " " });
    expect(requestBody(form, emptied, stored).body).toMatchObject({ event_type: null });
  });

  it("drops the options of another type of verification", () => {
    const next = sourceForm("stripe");
    const values = changed(storedValues(next, shown), {
      "verification/type": "stripe",
      "verification/secrets": "whsec_YQ==",
    });
    expect(requestBody(next, values, shown).body["verification"]).toEqual({
      type: "stripe",
      on_failure: "reject",
      allowed_ips: [],
      tolerance_seconds: 300,
      secrets: ["whsec_YQ=="],
    });
  });

  it("accepts several secrets and references to Worker secrets, one per line", () => {
    const values = changed(initialValues(sourceForm("github")), {
      name: "x",
      "verification/type": "github",
      "verification/secrets": 'one\r\n {"secret": "TWO"} \n\n',
    });
    expect(requestBody(sourceForm("github"), values).body["verification"]).toMatchObject({
      secrets: ["one", { secret: "TWO" }],
    });
  });

  it.each(["none", "hmac", "basic", "bearer", "api_key", "jwt", ...Object.keys(PRESETS)])(
    "of type %s has only fields that the API knows",
    (type) => {
      const secrets = ["none", "aws_sns", "jwt"].includes(type) ? {} : { secrets: [sealed] };
      const needed: Record<string, string> = {
        name: "x",
        slug: "x",
        "verification/type": type,
        ...(type === "hmac" ? { "verification/header": "x-sig" } : {}),
        ...(type === "jwt" ? { "verification/jwks_url": "https://keys.example.com/jwks" } : {}),
      };
      const { body } = requestBody(sourceForm(type), changed(initialValues(sourceForm(type)), needed));
      const verification = { ...(body["verification"] as object), ...secrets };
      expect(sourceSpecSchema.safeParse({ ...body, verification }).error?.issues).toBeUndefined();
    },
  );
});

describe("the form of a destination", () => {
  const stored = destinationSpecSchema.parse({ name: "A", slug: "a", url: "https://a.test" });

  it("sends back the values that it shows", () => {
    const form = destinationForm(storedValues(destinationForm({}), stored));
    const { body } = requestBody(form, storedValues(form, stored), stored);
    expect(destinationSpecSchema.parse(body)).toEqual(stored);
  });

  const login = { type: "basic", username: "u", password: sealed };
  it.each([
    {
      type: "rabbitmq",
      url: "amqps://r.test/v",
      auth: login,
      exchange: "",
      routing_key: "{event.type}",
      mandatory: false,
    },
    { type: "redis_stream", url: "rediss://r.test/1", auth: login, stream: "s", max_length: 5 },
    { type: "redis_stream", url: "rediss://r.test", stream: "s" },
    { type: "kafka", brokers: ["a.test:1", "b.test:2"], tls: false, topic: "t", key: "{body.id}" },
    { type: "kafka", brokers: ["a.test:1"], topic: "t", auth: { ...login, type: "sasl_scram_sha_256" } },
    { type: "cloudflare_queue", binding: "ORDERS_QUEUE" },
  ])("sends back what it shows of a broker: %j", (given) => {
    const broker = destinationSpecSchema.parse({ name: "B", slug: "b", ...given });
    const form = destinationForm(storedValues(destinationForm({}), broker));
    const { body, faults } = requestBody(form, storedValues(form, broker), broker);
    expect(faults).toEqual([]);
    expect(destinationSpecSchema.parse(body)).toEqual(broker);
  });

  it.each(Object.keys(AUTH_OF_TYPE))("of a new %s has no field that its type does not know", (type) => {
    const form = destinationForm({ type: [type] });
    const { body } = requestBody(form, { ...initialValues(form), type: [type] });
    const unknown = destinationSpecSchema
      .safeParse(body)
      .error?.issues.filter(({ code }) => code === "unrecognized_keys");
    expect(unknown ?? []).toEqual([]);
  });

  it("changes the retry strategy without fields of the previous one", () => {
    const values = changed(storedValues(destinationForm({}), stored), {
      "retry/strategy": "linear",
      "retry/base_seconds": "7",
    });
    const { body } = requestBody(destinationForm(values), values, stored);
    expect(body["retry"]).toEqual({ strategy: "linear", base_seconds: 7, max_age_seconds: 604_800 });
  });

  it("sends null for an emptied nullable field on an update, and leaves it out when creating", () => {
    const values = changed(storedValues(destinationForm({}), stored), {
      max_concurrency: "",
      "circuit/failure_threshold": "",
    });
    expect(requestBody(destinationForm({}), values, stored).body).toMatchObject({
      max_concurrency: null,
      circuit: null,
    });
    expect(requestBody(destinationForm({}), values).body).not.toHaveProperty("max_concurrency");
  });

  it("leaves it to the API to reject invalid numbers", () => {
    const values = changed(initialValues(destinationForm({})), { max_concurrency: "many" });
    expect(requestBody(destinationForm({}), values).body["max_concurrency"]).toBe("many");
  });

  it("rejects header lines without a colon", () => {
    const values = changed(initialValues(destinationForm({})), { headers: "x-a: 1\nnonsense" });
    expect(requestBody(destinationForm({}), values).faults).toEqual([
      { pointer: "/headers", detail: "must have a name, a colon and a value on each line" },
    ]);
  });
});

describe("the form of a connection", () => {
  it("accepts JSON for filter and transform, and names the field with invalid JSON", () => {
    const values = changed(initialValues(connectionForm([])), { filter: '{"path": "/a"}', transform: "{" });
    const { body, faults } = requestBody(connectionForm([]), values);
    expect(body["filter"]).toEqual({ path: "/a" });
    expect(faults).toEqual([{ pointer: "/transform", detail: expect.stringContaining("is not valid JSON") as string }]);
  });

  it("rejects a number that would be rounded", () => {
    const values = changed(initialValues(connectionForm([])), { filter: '{"body": {"id": 9007199254740993}}' });
    expect(requestBody(connectionForm([]), values).faults).toEqual([
      { pointer: "/filter", detail: expect.stringContaining("cannot be represented exactly") as string },
    ]);
  });

  it("removes a filter that is emptied", () => {
    const stored = { filter: { path: "/a" }, transform: null };
    const values = changed(storedValues(connectionForm([]), stored), { filter: "" });
    expect(requestBody(connectionForm([]), values, stored).body).toMatchObject({ filter: null, transform: null });
  });
});

describe("the form of an alert", () => {
  const filled = (change: Record<string, string>): FormValues => {
    const first = changed({}, change);
    return { ...initialValues(alertForm(first)), ...first };
  };
  const sent = (values: FormValues) => requestBody(alertForm(values), values).body;

  const kinds = Object.keys(RULES).flatMap((rule) => Object.keys(TARGETS).map((target) => [rule, target] as const));
  it.each(kinds)("for %s with target %s is complete by default, except for name and URL", (rule, type) => {
    const values = filled({
      name: "x",
      "rule/type": rule,
      "target/type": type,
      [type === "pagerduty" ? "target/routing_key" : "target/url"]: '{"secret": "HOOK"}',
    });
    const body = sent(values);
    const spec = { ...body, target: { ...(body["target"] as object), host: "x" } };
    expect(alertSpecSchema.safeParse(spec).error?.issues).toBeUndefined();
    expect([ruleOf(values), targetOf(values)]).toEqual([rule, type]);
  });

  it("disables repetition when the field is emptied, for a new or a stored alert", () => {
    const values = filled({ name: "x", repeat_minutes: "" });
    expect(sent(values)["repeat_minutes"]).toBeNull();
    const stored = { name: "x", repeat_minutes: 60 };
    expect(requestBody(alertForm(values), values, stored).body["repeat_minutes"]).toBeNull();
  });

  it("has a source field only if the rule supports one", () => {
    const asks = (rule: string) => alertForm(filled({ "rule/type": rule })).fields.some((f) => f.path === "source");
    expect(Object.keys(RULES).filter(asks)).toEqual(["dead_letters", "success_rate", "source_refusing"]);
  });

  it("keeps the URL, which it does not show, unless a new one is entered", () => {
    const stored = {
      name: "x",
      target: { type: "slack", host: "hooks.slack.com", secrets_set: { url: "sealed" } },
      rule: { type: "circuit_open" },
    };
    const form = alertForm({ "rule/type": ["circuit_open"], "target/type": ["slack"] });
    const kept = requestBody(form, storedValues(form, stored), stored).body;
    expect(kept["target"]).toEqual(stored.target);
    const other = changed(storedValues(form, stored), { "target/type": "discord", "target/url": "https://d.test/" });
    expect(requestBody(alertForm(other), other, stored).body["target"]).toEqual({
      type: "discord",
      url: "https://d.test/",
    });
  });
});
