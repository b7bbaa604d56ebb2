// Handshakes that show in the URL or the headers. They are unsigned, so they answer nothing that is worth having.
import { constantTimeEqualText, decodeUtf8, toBase64, utf8 } from "../../kernel/bytes.ts";
import { headerValue } from "../../model/event.ts";
import {
  acknowledged,
  answerJson,
  answerText,
  plainWord,
  repeatable,
  type Handshake,
  type HandshakeRequest,
} from "./handshake.ts";
import { hmacSha256 } from "./hmac.ts";

type Answering = (request: HandshakeRequest, query: URLSearchParams) => Handshake | null | Promise<Handshake | null>;

/** https://developers.facebook.com/docs/graph-api/webhooks/getting-started */
const meta: Answering = ({ method, verifyToken }, query) => {
  const challenge = repeatable(query.get("hub.challenge"));
  if (method !== "GET" || query.get("hub.mode") !== "subscribe" || challenge === null) return null;
  const token = query.get("hub.verify_token");
  if (verifyToken === null || token === null || !constantTimeEqualText(token, verifyToken)) {
    return { kind: "refuse", cause: "verify_token" };
  }
  return answerText(challenge);
};

/** What X sends as `crc_token`. Its page names no form; these characters are those of base64 and UUIDs. */
const CRC_TOKEN = /^[\w+/=.-]{1,512}$/;

/**
 * https://docs.x.com/x-api/webhooks/quickstart. The answer is an HMAC under the same key that signs events, over text that the caller
 * chooses. So it is given for tokens only, and `signedAsToken` refuses such a text as a body.
 */
const twitter: Answering = async ({ method, secrets }, query) => {
  const token = query.get("crc_token");
  const secret = secrets[0];
  if (method !== "GET" || token === null || !CRC_TOKEN.test(token) || secret === undefined) return null;
  return answerJson({ response_token: `sha256=${toBase64(await hmacSha256(secret, utf8(token)))}` });
};

/** https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation */
const microsoftGraph: Answering = ({ method }, query) => {
  // SharePoint writes it in lower case.
  const token = repeatable(query.get("validationToken") ?? query.get("validationtoken"));
  return method !== "POST" || token === null ? null : answerText(token);
};

/** https://www.dropbox.com/developers/reference/webhooks#documentation */
const dropbox: Answering = ({ method }, query) => {
  const challenge = repeatable(query.get("challenge"));
  return method !== "GET" || challenge === null ? null : answerText(challenge);
};

/** https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request */
const okta: Answering = ({ method, headers }) => {
  const challenge = repeatable(headerValue(headers, "x-okta-verification-challenge"));
  return method !== "GET" || challenge === null ? null : answerJson({ verification: challenge });
};

/**
 * https://developers.asana.com/docs/webhooks-guide#the-webhook-handshake. Asana makes the secret. A source that has one already takes no
 * other, or whoever finds the URL could replace it; the same one is answered again, for an answer that was lost.
 */
const asana: Answering = ({ method, headers, secrets }) => {
  const given = headerValue(headers, "x-hook-secret");
  if (method !== "POST" || given === null) return null;
  const secret = plainWord(given, 256);
  if (secret === null) return { kind: "refuse", cause: "hook_secret_malformed" };
  const answer = acknowledged(200, { "x-hook-secret": secret });
  if (secrets.length === 0) return { kind: "learn", secret, answer };
  return secrets.some((known) => constantTimeEqualText(secret, known))
    ? { kind: "answer", answer }
    : { kind: "refuse", cause: "hook_secret_known" };
};

/** Whether a body that carries a valid signature may be one that was asked for as the answer to a challenge. X sends JSON objects only. */
export const signedAsToken = (type: string, body: Uint8Array | null): boolean =>
  type === "twitter" && body !== null && CRC_TOKEN.test(decodeUtf8(body) ?? "");

const BY_TYPE: Readonly<Record<string, Answering>> = {
  meta,
  whatsapp: meta,
  twitter,
  microsoft_graph: microsoftGraph,
  dropbox,
  okta,
  asana,
};

/** Whether such a source may be asked by URL or headers at all: most need not look. */
export const asksBeforeBody = (type: string): boolean => Object.hasOwn(BY_TYPE, type);

/** The handshake in a request's head, or null: then it is to be treated as any other request. */
export async function handshakeBeforeBody(request: HandshakeRequest): Promise<Handshake | null> {
  const answering = asksBeforeBody(request.type) ? BY_TYPE[request.type] : undefined;
  return answering === undefined ? null : await answering(request, new URLSearchParams(request.query));
}
