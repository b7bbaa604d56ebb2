// Checks each body against the shape and the limits that its receiver documents.
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { notificationBody } from "../../../src/alerts/bodies.ts";
import { SEVERITIES, type AlertTarget, type Notice } from "../../../src/model/alert.ts";
import { specOf } from "./harness.ts";

const ajv = new Ajv2020({ allErrors: true, strict: false });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);

const strict = (properties: Record<string, object>, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});
const text = (maxLength: number) => ({ type: "string", minLength: 1, maxLength });
const list = (items: object, maxItems: number, minItems = 1) => ({ type: "array", items, maxItems, minItems });

/** https://docs.slack.dev/reference/block-kit/blocks and /composition-objects/text-object */
const mrkdwn = (max: number) => strict({ type: { const: "mrkdwn" }, text: text(max), verbatim: { type: "boolean" } });
const SLACK = strict({
  text: text(40_000),
  blocks: list(
    {
      oneOf: [
        strict({
          type: { const: "header" },
          text: strict({ type: { const: "plain_text" }, text: text(150), emoji: { type: "boolean" } }),
        }),
        strict({ type: { const: "section" }, text: mrkdwn(3_000) }),
        strict({ type: { const: "section" }, fields: list(mrkdwn(2_000), 10) }),
      ],
    },
    50,
  ),
});
/** https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
const DISCORD = strict({
  embeds: list(
    strict({
      title: text(256),
      description: text(4_096),
      color: { type: "integer", minimum: 0, maximum: 0xffffff },
      timestamp: { type: "string", format: "date-time" },
      fields: list(strict({ name: text(256), value: text(1_024), inline: { type: "boolean" } }), 25),
    }),
    10,
  ),
  allowed_mentions: strict({ parse: list({ enum: ["roles", "users", "everyone"] }, 0, 0) }),
});
/** https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using and https://adaptivecards.io/schemas/adaptive-card.json, version 1.4 */
const RUN = strict(
  {
    type: { const: "TextRun" },
    text: text(28_000),
    size: { enum: ["Small", "Default", "Medium", "Large", "ExtraLarge"] },
    weight: { enum: ["Lighter", "Default", "Bolder"] },
    color: { enum: ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"] },
  },
  ["type", "text"],
);
const LINK = { type: "string", format: "uri" };
const TEAMS = strict({
  type: { const: "message" },
  attachments: list(
    strict({
      contentType: { const: "application/vnd.microsoft.card.adaptive" },
      contentUrl: { type: "null" },
      content: strict(
        {
          $schema: { const: "http://adaptivecards.io/schemas/adaptive-card.json" },
          type: { const: "AdaptiveCard" },
          version: { enum: ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"] },
          actions: list(strict({ type: { const: "Action.OpenUrl" }, title: text(200), url: LINK }), 6),
          body: list(
            {
              oneOf: [
                strict({ type: { const: "RichTextBlock" }, inlines: list(RUN, 10) }),
                strict({
                  type: { const: "FactSet" },
                  facts: list(strict({ title: text(1_000), value: text(1_000) }), 20),
                }),
              ],
            },
            20,
          ),
        },
        ["$schema", "type", "version", "body"],
      ),
    }),
    1,
  ),
});
/** https://developer.pagerduty.com/docs/send-alert-event */
const PD_HEAD = { routing_key: text(255), dedup_key: text(255) };
const PAGERDUTY = {
  oneOf: [
    strict({ ...PD_HEAD, event_action: { const: "resolve" } }),
    strict(
      {
        ...PD_HEAD,
        event_action: { const: "trigger" },
        client: text(255),
        links: list(strict({ href: LINK, text: text(1_024) }), 100),
        payload: strict({
          summary: text(1_024),
          source: text(1_024),
          severity: { enum: ["critical", "error", "warning", "info"] },
          timestamp: { type: "string", format: "date-time" },
          class: text(255),
          custom_details: { type: "object" },
        }),
      },
      ["routing_key", "dedup_key", "event_action", "client", "payload"],
    ),
  ],
};
/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: type, timestamp, data */
const WEBHOOK = strict({
  type: { type: "string", pattern: "^alert\\.(opened|repeated|resolved|test)$" },
  timestamp: { type: "string", format: "date-time" },
  data: { type: "object" },
});
const SHAPES = { webhook: WEBHOOK, slack: SLACK, discord: DISCORD, teams: TEAMS, pagerduty: PAGERDUTY } as const;

const ISSUE = `iss_${"0".repeat(26)}_status_500`;
const URL = `https://sluice.test/issues/${ISSUE}`;
const notice = (change: Partial<Notice> = {}): Notice => ({
  id: "n",
  kind: "opened",
  incident: "alr_01234567890123456789012345-1795500000000",
  at: Date.UTC(2026, 10, 24),
  value: 12,
  details: Array.from({ length: 5 }, (_, index) => ({
    name: `${index}-${"x".repeat(62)}`,
    value: 12 - index,
    issue: ISSUE,
  })),
  attempts: 0,
  next_at: 0,
  ...change,
});
const TYPES = Object.keys(SHAPES) as AlertTarget["type"][];
const HOSTILE = "<!channel> @everyone **bold** [a](https://evil.example) & \u0000 \u202e".repeat(2).slice(0, 128);
const RULES = [
  { type: "dead_letters", threshold: 3 },
  { type: "success_rate", below: 0.5 },
  { type: "circuit_open" },
  { type: "oldest_message", older_than_seconds: 90 },
  { type: "backlog", threshold: 3 },
  { type: "open_issues" },
  { type: "storage" },
];

describe("the body for", () => {
  it.each(TYPES)("%s has the documented shape for every rule, state, severity and name", (type) => {
    const validate = ajv.compile(SHAPES[type]);
    for (const rule of RULES)
      for (const kind of ["opened", "repeated", "resolved", "test"] as const)
        for (const severity of SEVERITIES)
          for (const name of ["Orders", "n".repeat(128), HOSTILE])
            for (const details of [notice().details, []]) {
              const alert = { id: "alr_1", spec: specOf({ rule, severity, name }) };
              const body = notificationBody(
                type,
                alert,
                notice({ kind, details, value: kind === "test" ? null : 12 }),
                "key",
                details.length > 0 ? "https://sluice.test" : null,
              );
              validate(JSON.parse(JSON.stringify(body)));
              expect([rule.type, kind, validate.errors ?? []]).toEqual([rule.type, kind, []]);
            }
  });

  const body = (type: AlertTarget["type"], change: Partial<Notice> = {}, spec: Record<string, unknown> = {}) =>
    notificationBody(type, { id: "alr_1", spec: specOf(spec) }, notice(change), "routing-key");

  it("Slack mentions no one and forms no links", () => {
    const json = JSON.stringify(body("slack", {}, { name: HOSTILE }));
    const { blocks, text: fallback } = JSON.parse(json) as {
      blocks: { text?: { type: string; text: string } }[];
      text: string;
    };
    const marked = [
      fallback,
      ...blocks.filter(({ text: part }) => part?.type === "mrkdwn").map(({ text: part }) => part?.text),
    ];
    for (const part of marked) expect(part).not.toMatch(/[<>]/);
  });

  it("Discord mentions no one and forms no links", () => {
    const { embeds, allowed_mentions } = body("discord", {}, { name: HOSTILE }) as {
      embeds: { title: string }[];
      allowed_mentions: unknown;
    };
    expect(allowed_mentions).toEqual({ parse: [] });
    expect(embeds[0]?.title).not.toMatch(/(?<!\\)[*[\]()@<>]/);
  });

  it("Teams shows names without interpreting Markdown", () => {
    const json = JSON.stringify(body("teams", {}, { name: HOSTILE }));
    expect(json).not.toContain('"TextBlock"');
  });

  it.each(TYPES)(
    "%s links to the issues while something is wrong, and only where the dashboard has an address",
    (type) => {
      const sent = (kind: Notice["kind"], origin: string | null): string =>
        JSON.stringify(notificationBody(type, { id: "alr_1", spec: specOf({}) }, notice({ kind }), "key", origin));
      for (const kind of ["opened", "repeated"] as const) expect(sent(kind, "https://sluice.test")).toContain(URL);
      expect(sent("opened", null)).not.toContain("https://sluice.test");
      if (type !== "webhook") expect(sent("resolved", "https://sluice.test")).not.toContain(URL);
    },
  );

  it("PagerDuty triggers, repeats and resolves one incident under one key", () => {
    const [opened, repeated, resolved] = (["opened", "repeated", "resolved"] as const).map(
      (kind) => body("pagerduty", { kind }) as { event_action: string; dedup_key: string; routing_key: string },
    );
    expect([opened?.event_action, repeated?.event_action, resolved?.event_action]).toEqual([
      "trigger",
      "trigger",
      "resolve",
    ]);
    expect(new Set([opened?.dedup_key, repeated?.dedup_key, resolved?.dedup_key]).size).toBe(1);
    expect(resolved).toEqual({ routing_key: "routing-key", dedup_key: opened?.dedup_key, event_action: "resolve" });
  });

  it("every chat stays within the limits: 28 KB for Teams, 6,000 characters for Discord", () => {
    const spec = { name: "n".repeat(128) };
    expect(JSON.stringify(body("teams", {}, spec)).length).toBeLessThan(28_000);
    expect(JSON.stringify(body("discord", {}, spec)).length).toBeLessThan(6_000);
  });
});
