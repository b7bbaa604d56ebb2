// The request that a transform makes of an event, as it is shown: without credentials of the destination.
import { targetUrl } from "../delivery/index.ts";
import { decodeUtf8, toBase64 } from "../kernel/bytes.ts";
import { asHttp, type Destination } from "../model/destination.ts";
import type { HeaderList } from "../model/event.ts";
import { bodyValue, type BodySource, type Transformed } from "../routing/index.ts";
import type { Named } from "./openapi/client-types.ts";

type Request = Omit<Named<"TransformTestResult">, "error">;

export const NO_BODY = { body: null, body_text: null, body_base64: null };

/** @param body of the event @param named null where the destination is not known */
export function shownRequest(
  { event, method: set, pathSet }: Transformed,
  body: BodySource,
  named: Destination | null,
): Request {
  // A broker has neither method nor URL.
  const destination = named?.type === "mock" ? asHttp(named) : named?.type === "http" ? named : null;
  const method = set ?? destination?.method ?? event.method;
  const sent = event.body.kind === "inline" ? event.body.bytes : body;
  return {
    method,
    url:
      destination === null
        ? null
        : targetUrl({ url: destination.url, path_forwarding: pathSet || destination.path_forwarding }, event),
    path: event.path,
    query: event.query,
    headers: joined(event.headers),
    ...(method === "GET" || method === "HEAD" ? NO_BODY : shownBody(sent, event.headers)),
  };
}

function joined(headers: HeaderList): Record<string, string> {
  const out = new Headers();
  for (const [name, value] of headers) out.append(name, value);
  return Object.fromEntries(out);
}

/** The body parsed, and exactly as text, or in base64 when it is not UTF-8. */
function shownBody(source: BodySource, headers: HeaderList): Pick<Request, "body" | "body_text" | "body_base64"> {
  if (typeof source === "string") return NO_BODY;
  const text = decodeUtf8(source);
  if (text === null) return { ...NO_BODY, body_base64: toBase64(source) };
  const { value, textual } = bodyValue(source, new Headers(joined(headers)).get("content-type"));
  return { body: textual ? text : (value ?? null), body_text: text, body_base64: null };
}
