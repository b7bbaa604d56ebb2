// The request body for each kind of target. Pure. Texts are cut to the target's limits, and cannot mention people or form links there.
import { toInstant } from "../kernel/clock.ts";
import type { Alert, AlertTarget, Notice } from "../model/alert.ts";
import { issueLinks, issueUrl, type IssueLink } from "./issue-links.ts";
import { headline, quantity, sentence } from "./wording.ts";

export type NotifiedAlert = Pick<Alert, "id" | "spec">;

interface Words {
  readonly title: string;
  readonly text: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly links: readonly IssueLink[];
}

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

function wording({ spec }: NotifiedAlert, notice: Notice, origin: string | null): Words {
  const details = notice.details.map((detail) => [detail.name, quantity(spec.rule, detail)] as const);
  return {
    title: headline(spec, notice),
    text: sentence(spec, notice),
    facts: [["Severity", spec.severity], ["Time", toInstant(notice.at)], ...details],
    links: issueLinks(spec.rule, notice, origin),
  };
}

/** @param routingKey for PagerDuty; ignored by the others @param origin of the dashboard; without one there are no links */
export function notificationBody(
  type: AlertTarget["type"],
  alert: NotifiedAlert,
  notice: Notice,
  routingKey: string,
  origin: string | null = null,
): object {
  const words = wording(alert, notice, origin);
  switch (type) {
    case "webhook":
      return webhook(alert, notice, origin);
    case "slack":
      return slack(words);
    case "discord":
      return discord(words, alert, notice);
    case "teams":
      return teams(words, notice);
    case "pagerduty":
      return pagerduty(alert, notice, routingKey, words);
  }
}

/** Standard Webhooks' form: `type`, `timestamp`, `data`. */
const webhook = ({ id, spec }: NotifiedAlert, notice: Notice, origin: string | null): object => ({
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
    details: notice.details.map((detail) => ({ ...detail, ...issueUrl(detail, origin) })),
  },
});

// https://docs.slack.dev/messaging/formatting-message-text: Slack reserves these three characters.
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, header up to 150 characters, fields up to 10 of 2,000. */
const slack = ({ title, text, facts, links }: Words): object => ({
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
    ...(links.length === 0
      ? []
      : [
          {
            type: "section",
            text: {
              type: "mrkdwn",
              text: links.map(({ label, url }) => `<${slackText(url)}|${slackText(label)}>`).join("\n"),
              verbatim: true,
            },
          },
        ]),
  ],
});

const COLOURS = { resolved: 0x2e7d32, critical: 0xb71c1c, error: 0xd32f2f, warning: 0xef6c00, info: 0x1565c0 } as const;
/** Discord's Markdown. */
const discordText = (text: string): string => text.replaceAll(/[\\*_~`|>#[\]()@<]/g, String.raw`\$&`);

/** https://discord.com/developers/docs/resources/webhook#execute-webhook; an empty list of mentions notifies no one. */
const discord = ({ title, text, facts, links }: Words, { spec }: NotifiedAlert, notice: Notice): object => ({
  embeds: [
    {
      title: cut(discordText(title), 256),
      description: discordText(text),
      color: notice.kind === "resolved" ? COLOURS.resolved : COLOURS[spec.severity],
      timestamp: toInstant(notice.at),
      fields: facts
        .map(([name, value]) => ({
          name: cut(discordText(name), 256),
          value: discordText(value),
          inline: true,
        }))
        .concat(
          // A field has up to 1,024 characters: one for each link.
          links.map(({ label, url }) => ({ name: "Issue", value: `[${discordText(label)}](${url})`, inline: false })),
        ),
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
const teams = ({ title, text, facts, links }: Words, notice: Notice): object => ({
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
        ...(links.length === 0
          ? {}
          : { actions: links.map(({ label, url }) => ({ type: "Action.OpenUrl", title: label, url })) }),
      },
    },
  ],
});

/** https://developer.pagerduty.com/docs/send-alert-event: `dedup_key` up to 255 characters, `summary` up to 1,024. */
function pagerduty({ id, spec }: NotifiedAlert, notice: Notice, routingKey: string, { links }: Words): object {
  const head = { routing_key: routingKey, dedup_key: notice.incident };
  if (notice.kind === "resolved") return { ...head, event_action: "resolve" };
  return {
    ...head,
    event_action: "trigger",
    client: "Sluice",
    ...(links.length === 0 ? {} : { links: links.map(({ label, url }) => ({ href: url, text: label })) }),
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
