// How to set up the target of an alert, one list for each type.
import type { Child } from "hono/jsx";
import type { AlertTarget } from "../../model/alert.ts";
import { TARGETS } from "../forms/alert-form.ts";

const STEPS: Readonly<Record<AlertTarget["type"], readonly Child[]>> = {
  slack: [
    "At api.slack.com/apps, create or open an app for the workspace and enable Incoming Webhooks.",
    "Add New Webhook to Workspace, select the channel, and copy the URL: https://hooks.slack.com/services/…",
  ],
  discord: [
    "Open the channel's settings: Integrations, Webhooks, New Webhook.",
    "Copy Webhook URL: https://discord.com/api/webhooks/… Notices contain no mentions.",
  ],
  teams: [
    "In the channel's menu, open Workflows and select the template that posts to a channel when a webhook request is received.",
    "Select team and channel, and copy the URL of the workflow.",
  ],
  pagerduty: [
    "Open the service's Integrations and add Events API V2.",
    "Copy its Integration Key. Each alert opens one incident and resolves it.",
  ],
  webhook: [
    "Any URL that accepts a JSON POST and responds with 2xx within 10 seconds.",
    <>
      It is signed according to Standard Webhooks with the callback secret: <code>GET /api/v1/callbacks/secret</code>,
      scope admin.
    </>,
  ],
};
const DOCS: Readonly<Record<AlertTarget["type"], readonly [name: string, url: string]>> = {
  slack: ["Slack's documentation", "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"],
  discord: ["Discord's documentation", "https://support.discord.com/hc/en-us/articles/228383668-Intro-to-Webhooks"],
  teams: [
    "Microsoft's documentation",
    "https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498",
  ],
  pagerduty: [
    "PagerDuty's documentation",
    "https://support.pagerduty.com/main/docs/services-and-integrations#add-integrations-to-an-existing-service",
  ],
  webhook: ["Standard Webhooks", "https://www.standardwebhooks.com"],
};

export const AlertHint = ({ type }: { type: AlertTarget["type"] }) => {
  const [name, url] = DOCS[type];
  return (
    <aside class="card">
      <h2>{TARGETS[type]}</h2>
      <ul class="dots">
        {STEPS[type].map((step) => (
          <li>{step}</li>
        ))}
        <li>
          <a href={url} rel="noreferrer noopener" target="_blank">
            {name}
          </a>
        </li>
      </ul>
      <p class="hint">Save, then send a sample: it is delivered like a real notice.</p>
    </aside>
  );
};
