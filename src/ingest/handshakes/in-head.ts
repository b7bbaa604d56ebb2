// Handshakes in the URL or the headers. They are unsigned, so their answers reveal nothing of value.
import { constantTimeEqualText, decodeUtf8, toBase64, utf8 } from "../../kernel/bytes.ts";
import { headerValue } from "../../model/event.ts";
import { answerCloudEvents, isCloudEventsHandshake } from "./cloud-events.ts";
import {
  acknowledge,
  answerJson,
  answerText,
  visibleAscii,
  echoable,
  type Handshake,
  type HandshakeRequest,
} from "./handshake.ts";
import { hmacSha256 } from "./hmac.ts";

type Handler = (request: HandshakeRequest, query: URLSearchParams) => Handshake | null | Promise<Handshake | null>;

/** https://developers.facebook.com/docs/graph-api/webhooks/getting-started */
const meta: Handler = ({ method, verifyToken }, query) => {
  const challenge = echoable(query.get("hub.challenge"));
  if (method !== "GET" || query.get("hub.mode") !== "subscribe" || challenge === null) return null;
  const token = query.get("hub.verify_token");
  if (verifyToken === null || token === null || !constantTimeEqualText(token, verifyToken)) {
    return { kind: "refuse", cause: "verify_token" };
  }
  return answerText(challenge);
};

/** What X sends as `crc_token`. Its documentation gives no format; these are the characters of base64 and UUIDs. */
const CRC_TOKEN = /^[\w+/=.-]{1,512}$/;

/**
 * https://docs.x.com/x-api/webhooks/quickstart. The answer is an HMAC over text that the caller chooses, with the key that
 * also signs events. So only tokens are answered, and `mayBeChallenge` refuses such a text as a body.
 */
const twitter: Handler = async ({ method, secrets }, query) => {
  const token = query.get("crc_token");
  const secret = secrets[0];
  if (method !== "GET" || token === null || !CRC_TOKEN.test(token) || secret === undefined) return null;
  return answerJson({ response_token: `sha256=${toBase64(await hmacSha256(secret, utf8(token)))}` });
};

/** https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation */
const microsoftGraph: Handler = ({ method }, query) => {
  // SharePoint writes it in lower case.
  const token = echoable(query.get("validationToken") ?? query.get("validationtoken"));
  return method !== "POST" || token === null ? null : answerText(token);
};

/** https://www.dropbox.com/developers/reference/webhooks#documentation */
const dropbox: Handler = ({ method }, query) => {
  const challenge = echoable(query.get("challenge"));
  return method !== "GET" || challenge === null ? null : answerText(challenge);
};

/** https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request */
const okta: Handler = ({ method, headers }) => {
  const challenge = echoable(headerValue(headers, "x-okta-verification-challenge"));
  return method !== "GET" || challenge === null ? null : answerJson({ verification: challenge });
};

/**
 * https://developers.asana.com/docs/webhooks-guide#the-webhook-handshake. Asana creates the secret. A source that already has one accepts no
 * other, because anyone who finds the URL could replace it. The same secret is confirmed again, in case the first answer was lost.
 */
const asana: Handler = ({ method, headers, secrets }) => {
  const given = headerValue(headers, "x-hook-secret");
  if (method !== "POST" || given === null) return null;
  const secret = visibleAscii(given, 256);
  if (secret === null) return { kind: "refuse", cause: "hook_secret_malformed" };
  const answer = acknowledge(200, { "x-hook-secret": secret });
  if (secrets.length === 0) return { kind: "learn", secret, answer };
  return secrets.some((known) => constantTimeEqualText(secret, known))
    ? { kind: "answer", answer }
    : { kind: "refuse", cause: "hook_secret_known" };
};

/** Whether a validly signed body could be a challenge whose answer gave the signature. Events of X are always JSON objects. */
export const mayBeChallenge = (type: string, body: Uint8Array | null): boolean =>
  type === "twitter" && body !== null && CRC_TOKEN.test(decodeUtf8(body) ?? "");

const BY_TYPE: Readonly<Record<string, Handler>> = {
  meta,
  whatsapp: meta,
  twitter,
  microsoft_graph: microsoftGraph,
  dropbox,
  okta,
  asana,
};

/** False for most requests, so that they need not be examined. */
export const mayBeInHead = (head: Pick<HandshakeRequest, "type" | "method" | "headers">): boolean =>
  Object.hasOwn(BY_TYPE, head.type) || isCloudEventsHandshake(head);

/** The handshake in a request's head; null for an ordinary request. */
export async function handshakeInHead(request: HandshakeRequest): Promise<Handshake | null> {
  if (isCloudEventsHandshake(request)) return answerCloudEvents(request);
  const handler = Object.hasOwn(BY_TYPE, request.type) ? BY_TYPE[request.type] : undefined;
  return handler === undefined ? null : await handler(request, new URLSearchParams(request.query));
}
