// Handshakes in the body. Most are signed, and count only with a valid signature.
import { concatBytes, constantTimeEqualText, decodeUtf8, toHex, utf8 } from "../../kernel/bytes.ts";
import { readJson } from "../../kernel/json-body.ts";
import { headerValue } from "../../model/event.ts";
import { answerEventGrid, isEventGridHandshake } from "./cloud-events.ts";
import {
  acknowledge,
  answerJson,
  answerText,
  MAX_HANDSHAKE_BODY_BYTES,
  visibleAscii,
  echoable,
  type Handshake,
  type HandshakeRequest,
} from "./handshake.ts";
import { hmacSha256 } from "./hmac.ts";

type Fields = Readonly<Record<string, unknown>>;
type Handler = (
  fields: Fields,
  request: HandshakeRequest,
  body: Uint8Array,
) => Handshake | null | Promise<Handshake | null>;

const asFields = (value: unknown): Fields | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;

/** https://docs.slack.dev/reference/events/url_verification */
const slack: Handler = ({ type, challenge }) => {
  const token = echoable(challenge);
  return type !== "url_verification" || token === null ? null : answerText(token);
};

/** https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint */
const zoom: Handler = async ({ event, payload }, request, body) => {
  const token = echoable(asFields(payload)?.["plainToken"]);
  if (event !== "endpoint.url_validation" || token === null) return null;
  const secret = await signingSecret(request, body);
  if (secret === null) return null;
  return answerJson({ plainToken: token, encryptedToken: toHex(await hmacSha256(secret, utf8(token))) });
};

/** The secret that signed this request, of several: Zoom expects an answer computed with it. */
async function signingSecret({ secrets, headers }: HandshakeRequest, body: Uint8Array): Promise<string | null> {
  if (secrets.length < 2) return secrets[0] ?? null;
  const message = concatBytes([utf8(`v0:${headerValue(headers, "x-zm-request-timestamp") ?? ""}:`), body]);
  const given = headerValue(headers, "x-zm-signature") ?? "";
  for (const secret of secrets) {
    if (constantTimeEqualText(`v0=${toHex(await hmacSha256(secret, message))}`, given)) return secret;
  }
  return null;
}

/** https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#responding-to-a-challenge-request */
const twitch: Handler = ({ challenge }, { headers }) => {
  const token = echoable(challenge);
  const type = headerValue(headers, "twitch-eventsub-message-type");
  return type !== "webhook_callback_verification" || token === null ? null : answerText(token);
};

/**
 * https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint (type 1, answered with type 1) and
 * https://docs.discord.com/developers/events/webhook-events#acknowledging-ping-requests (type 0, answered 204).
 */
const discord: Handler = ({ type, event }) => {
  if (event !== undefined) return null;
  if (type === 0) return { kind: "answer", answer: acknowledge(204, { "content-type": "application/json" }) };
  return type === 1 ? answerJson({ type: 1 }) : null;
};

/** https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html */
const awsSns: Handler = ({ Type, SubscribeURL }) => {
  // Only acknowledged: fetching its SubscribeURL would subscribe again.
  if (Type === "UnsubscribeConfirmation") return { kind: "answer", answer: acknowledge(200) };
  if (Type !== "SubscriptionConfirmation") return null;
  return typeof SubscribeURL === "string" && isSnsUrl(SubscribeURL)
    ? { kind: "confirm", url: SubscribeURL, answer: acknowledge(200) }
    : { kind: "refuse", cause: "subscribe_url" };
};

/** `https://sns.<region>.amazonaws.com[.cn]/?Action=ConfirmSubscription…` exactly. */
function isSnsUrl(text: string): boolean {
  if (text.length > 4_096 || !URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === "https:" &&
    url.port === "" &&
    url.username === "" &&
    url.password === "" &&
    /^sns\.[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}\.amazonaws\.com(\.cn)?$/.test(url.hostname) &&
    url.searchParams.get("Action") === "ConfirmSubscription"
  );
}

/**
 * https://developers.notion.com/reference/webhooks#step-2-verifying-the-subscription. Unsigned, because it brings the secret that will
 * sign. As with Asana, a source that already has a secret accepts no other.
 */
const notion: Handler = ({ verification_token: given }, { headers, secrets }) => {
  if (given === undefined || headerValue(headers, "x-notion-signature") !== null) return null;
  const secret = visibleAscii(given, 256);
  if (secret === null) return { kind: "refuse", cause: "verification_token_malformed" };
  const answer = acknowledge(200);
  if (secrets.length === 0) return { kind: "learn", secret, answer };
  return secrets.some((known) => constantTimeEqualText(secret, known))
    ? { kind: "answer", answer }
    : { kind: "refuse", cause: "verification_token_known" };
};

/**
 * The unsigned form that WooCommerce posts when a webhook is saved; it disables the webhook unless it gets exactly 200.
 * https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php (`deliver_ping`)
 */
const isWooCommercePing = ({ type, headers }: HandshakeRequest, body: Uint8Array): boolean =>
  type === "woocommerce" &&
  headerValue(headers, "x-wc-webhook-signature") === null &&
  /^webhook_id=\d{1,20}$/.test(decodeUtf8(body) ?? "");

const SIGNED: Readonly<Record<string, Handler>> = { slack, zoom, twitch, discord, aws_sns: awsSns };
const UNSIGNED: Readonly<Record<string, Handler>> = { notion };

/** False for most requests, so that their bodies need not be examined. */
export const mayBeInBody = (head: Pick<HandshakeRequest, "type" | "method" | "headers">): boolean =>
  head.type === "woocommerce" ||
  isEventGridHandshake(head) ||
  Object.hasOwn(SIGNED, head.type) ||
  Object.hasOwn(UNSIGNED, head.type);

/**
 * The handshake in a request's body; null for an ordinary request.
 * @param body the whole body
 * @param verified whether the signature is valid
 */
export async function handshakeInBody(
  request: HandshakeRequest,
  body: Uint8Array,
  verified: boolean,
): Promise<Handshake | null> {
  if (request.method !== "POST" || body.byteLength > MAX_HANDSHAKE_BODY_BYTES) return null;
  if (isWooCommercePing(request, body)) return { kind: "answer", answer: acknowledge(200) };
  if (isEventGridHandshake(request)) return answerEventGrid(readJson(body));
  const table = verified ? SIGNED : UNSIGNED;
  const handler = Object.hasOwn(table, request.type) ? table[request.type] : undefined;
  if (handler === undefined) return null;
  const fields = asFields(readJson(body));
  return fields === null ? null : await handler(fields, request, body);
}
