// Where the URL and the secret are at a provider: the names of its own menus, as its documentation gives them.
import { PRESETS } from "../../signing/index.ts";
import { providerName, secretsHint } from "../forms/source-form.ts";

interface Hint {
  /** Where to paste the URL. */
  readonly url: string;
  readonly secret: string;
}

const CHOSEN = "Choose one yourself, and enter the same here and there";

const HINTS: Readonly<Record<string, Hint>> = {
  stripe: {
    url: "In the Stripe dashboard under Webhooks, add an endpoint with this URL and the event types that you want",
    secret: "The endpoint's signing secret, whsec_…, on the endpoint's page",
  },
  github: {
    url: "In the repository or organization: Settings, Webhooks, Add webhook. Paste it as the Payload URL, and take the content type application/json",
    secret: CHOSEN,
  },
  gitlab: {
    url: "In the project or group: Settings, Webhooks, Add new webhook",
    secret: `The secret token: ${CHOSEN.toLowerCase()}. Or the signing token, whsec_…`,
  },
  shopify: {
    url: "In the admin: Settings, Notifications, Webhooks, Create webhook. Or in the app's configuration file",
    secret: "For an app, its client secret. For webhooks of the admin, the secret that their page shows",
  },
  slack: {
    url: "In the app's settings under Event Subscriptions, as the Request URL",
    secret: "The app's signing secret, under Basic Information",
  },
  twilio: {
    url: "As the webhook of a phone number or messaging service, with the method POST",
    secret: "The account's auth token, on the console's start page",
  },
  sentry: {
    url: "Settings, Custom Integrations, your integration: Webhook URL",
    secret: "The integration's client secret, on the same page",
  },
  linear: { url: "Settings, API, New webhook", secret: "The webhook's signing secret, on its page" },
  zoom: {
    url: "In the app's Feature page under Event Subscriptions, as the Event notification endpoint URL",
    secret: "The app's secret token, on the same page",
  },
  woocommerce: { url: "WooCommerce, Settings, Advanced, Webhooks: Delivery URL", secret: CHOSEN },
  typeform: { url: "In the form: Connect, Webhooks, Add a webhook", secret: CHOSEN },
  telegram: {
    url: "Call setWebhook of the Bot API with it",
    secret: `The secret_token of setWebhook: ${CHOSEN.toLowerCase()}`,
  },
  notion: {
    url: "In the integration's settings under Webhooks, Create a subscription",
    secret: "Leave it empty: Notion sends its verification token here, and Sluice shows it to you to paste there",
  },
  asana: {
    url: "Create the webhook with it through Asana's API",
    secret: "Leave it empty: Asana sends it in its handshake",
  },
};

const GENERIC: Readonly<Record<string, string>> = {
  hmac: "The key with which the sender signs",
  basic: "username:password, as the sender sends them",
  bearer: "The token that the sender sends",
  api_key: "The key that the sender sends",
  jwt: "The secret with which the sender signs its tokens; or give the URL of its public keys below",
};

export const whereUrl = (type: string): string =>
  Object.hasOwn(HINTS, type)
    ? (HINTS[type]?.url ?? "")
    : Object.hasOwn(PRESETS, type)
      ? `In the webhook settings of ${providerName(type)}`
      : "In the settings of the sender";

export const whereSecret = (type: string): string =>
  (Object.hasOwn(HINTS, type) ? HINTS[type]?.secret : undefined) ?? secretsHint(type) ?? GENERIC[type] ?? "";

/** These call the URL as soon as it is entered, and do not take it unless that call is answered; the answer needs the source, or its secret too. */
const FIRST_CALL: Readonly<Record<string, "source" | "secret">> = {
  slack: "secret",
  zoom: "secret",
  twitter: "secret",
  twitch: "secret",
  discord: "secret",
  meta: "source",
  whatsapp: "source",
  microsoft_graph: "source",
  aws_sns: "source",
  asana: "source",
  okta: "source",
  dropbox: "source",
  notion: "source",
};

/** What must be here before the URL is entered there; null where nothing must. */
export const neededFirst = (type: string): "source" | "secret" | null =>
  Object.hasOwn(FIRST_CALL, type) ? (FIRST_CALL[type] ?? null) : null;
