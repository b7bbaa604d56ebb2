// What to do at the receiver's side of an alert, one list for each kind.
import type { Child } from "hono/jsx";
import type { AlertTarget } from "../../model/alert.ts";
import { TARGETS } from "../forms/alert-form.ts";

const STEPS: Readonly<Record<AlertTarget["type"], readonly Child[]>> = {
  slack: [
    "At api.slack.com/apps make an app for the workspace, or open one, and switch on Incoming Webhooks.",
    "Add New Webhook to Workspace, choose the channel, and copy the URL: https://hooks.slack.com/services/…",
  ],
  discord: [
    "Open the channel's settings: Integrations, Webhooks, New Webhook.",
    "Copy Webhook URL: https://discord.com/api/webhooks/… Notices mention nobody.",
  ],
  teams: [
    "In the channel's menu open Workflows, and choose the template that posts to a channel when a webhook request is received.",
    "Choose team and channel, and copy the URL that the workflow is given.",
  ],
  pagerduty: [
    "Open the service's Integrations and add Events API V2.",
    "Copy its Integration Key. Each alert opens one incident, and resolves it.",
  ],
  webhook: [
    "Any address that takes a POST of JSON and answers 2xx within 10 seconds.",
    <>
      It is signed by Standard Webhooks with the secret of the callbacks: <code>GET /api/v1/callbacks/secret</code>,
      with a token of scope admin.
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
      <p class="hint">Save, then send a sample: it goes the way that an alert would.</p>
    </aside>
  );
};
