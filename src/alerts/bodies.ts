// The request body for each kind of target. Pure. Texts are cut to the target's limits, and cannot mention people or form links there.
import { toInstant } from "../kernel/clock.ts";
import type { Alert, AlertTarget, Notice } from "../model/alert.ts";
import { headline, quantity, sentence } from "./wording.ts";

export type NotifiedAlert = Pick<Alert, "id" | "spec">;

interface Words {
  readonly title: string;
  readonly text: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

function wording({ spec }: NotifiedAlert, notice: Notice): Words {
  const details = notice.details.map((detail) => [detail.name, quantity(spec.rule, detail)] as const);
  return {
    title: headline(spec, notice),
    text: sentence(spec, notice),
    facts: [["Severity", spec.severity], ["Time", toInstant(notice.at)], ...details],
  };
}

/** @param routingKey for PagerDuty; ignored by the others */
export function notificationBody(
  type: AlertTarget["type"],
  alert: NotifiedAlert,
  notice: Notice,
  routingKey: string,
): object {
  switch (type) {
    case "webhook":
      return webhook(alert, notice);
    case "slack":
      return slack(wording(alert, notice));
    case "discord":
      return discord(wording(alert, notice), alert, notice);
    case "teams":
      return teams(wording(alert, notice), notice);
    case "pagerduty":
      return pagerduty(alert, notice, routingKey);
  }
}

/** Standard Webhooks' form: `type`, `timestamp`, `data`. */
const webhook = ({ id, spec }: NotifiedAlert, notice: Notice): object => ({
  type: `alert.${notice.kind}`,
  timestamp: toInstant(notice.at),
  data: {
    alert: { id, name: spec.name, severity: spec.severity },
    incident: notice.incident,
    state: notice.kind === "resolved" ? "ok" : "firing",
    summary: sentence(spec, notice),
    rule: spec.rule,
    source: spec.source,
    destination: spec.destination,
    value: notice.value,
    details: notice.details,
  },
});

// https://docs.slack.dev/messaging/formatting-message-text: Slack reserves these three characters.
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, header up to 150 characters, fields up to 10 of 2,000. */
const slack = ({ title, text, facts }: Words): object => ({
  text: slackText(`${title}: ${text}`),
  blocks: [
    { type: "header", text: { type: "plain_text", text: cut(title, 150), emoji: false } },
    { type: "section", text: { type: "mrkdwn", text: slackText(text), verbatim: true } },
    {
      type: "section",
      fields: facts.map(([name, value]) => ({
        type: "mrkdwn",
        text: `*${slackText(cut(name, 200))}*\n${slackText(value)}`,
        verbatim: true,
      })),
    },
  ],
});

const COLOURS = { resolved: 0x2e7d32, critical: 0xb71c1c, error: 0xd32f2f, warning: 0xef6c00, info: 0x1565c0 } as const;
/** Discord's Markdown. */
const discordText = (text: string): string => text.replaceAll(/[\\*_~`|>#[\]()@<]/g, String.raw`\$&`);

/** https://discord.com/developers/docs/resources/webhook#execute-webhook; an empty list of mentions notifies no one. */
const discord = ({ title, text, facts }: Words, { spec }: NotifiedAlert, notice: Notice): object => ({
  embeds: [
    {
      title: cut(discordText(title), 256),
      description: discordText(text),
      color: notice.kind === "resolved" ? COLOURS.resolved : COLOURS[spec.severity],
      timestamp: toInstant(notice.at),
      fields: facts.map(([name, value]) => ({
        name: cut(discordText(name), 256),
        value: discordText(value),
        inline: true,
      })),
    },
  ],
  allowed_mentions: { parse: [] },
});

/** Adaptive cards interpret some Markdown in texts, and none in runs of rich text. */
const run = (text: string, style: object = {}): object => ({
  type: "RichTextBlock",
  inlines: [{ type: "TextRun", text, ...style }],
});

/** A workflow "when a Teams webhook request is received": https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using */
const teams = ({ title, text, facts }: Words, notice: Notice): object => ({
  type: "message",
  attachments: [
    {
      contentType: "application/vnd.microsoft.card.adaptive",
      contentUrl: null,
      content: {
        $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        type: "AdaptiveCard",
        version: "1.4",
        body: [
          run(title, {
            size: "Large",
            weight: "Bolder",
            color: notice.kind === "resolved" ? "Good" : notice.kind === "test" ? "Default" : "Attention",
          }),
          run(text),
          { type: "FactSet", facts: facts.map(([name, value]) => ({ title: name, value })) },
        ],
      },
    },
  ],
});

/** https://developer.pagerduty.com/docs/send-alert-event: `dedup_key` up to 255 characters, `summary` up to 1,024. */
function pagerduty({ id, spec }: NotifiedAlert, notice: Notice, routingKey: string): object {
  const head = { routing_key: routingKey, dedup_key: notice.incident };
  if (notice.kind === "resolved") return { ...head, event_action: "resolve" };
  return {
    ...head,
    event_action: "trigger",
    client: "Sluice",
    payload: {
      summary: cut(`${headline(spec, notice)}: ${sentence(spec, notice)}`, 1_024),
      source: "sluice",
      severity: notice.kind === "test" ? "info" : spec.severity,
      timestamp: toInstant(notice.at),
      class: spec.rule.type,
      custom_details: { alert: id, value: notice.value, details: notice.details },
    },
  };
}
