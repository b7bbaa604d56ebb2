// Credentials are stored for the origin that they are sent to. A destination or alert that is pointed at another origin does not keep
// them: otherwise anyone who may change a URL could read them there. Signing secrets are never sent, and stay.
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { refuseFaults } from "../model/problem.ts";
import { SECRET_PLACES } from "../model/secret.ts";

export const GIVE_AGAIN = "must be given again: the stored secret was for another origin";

/** Whether a destination's requests or its token requests go to another origin. URLs without an origin are left to other checks. */
export function movesOrigin(before: JsonObject, after: JsonObject): boolean {
  const originsOf = (spec: JsonObject): (string | null)[] => [
    recipientOf(spec),
    isObject(spec["auth"]) ? originOf(spec["auth"]["token_url"]) : null,
  ];
  const [was, is] = [originsOf(before), originsOf(after)];
  return was.some((origin, index) => origin !== null && is[index] != null && origin !== is[index]);
}

/** Who gets a destination's credentials; null where its fields do not say so. */
function recipientOf(spec: JsonObject): string | null {
  const brokers: unknown = spec["brokers"];
  if (spec["type"] === "cloudflare_queue") return "cloudflare";
  return Array.isArray(brokers)
    ? JSON.stringify([spec["tls"] ?? true, ...(brokers as unknown[])])
    : originOf(spec["url"]);
}

/** Scheme, host and port. */
export function originOf(url: unknown): string | null {
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  if (parsed === null) return null;
  // The URL standard gives schemes such as amqps no origin.
  return parsed.origin === "null" ? `${parsed.protocol}//${parsed.host}` : parsed.origin;
}

/** @param given the input of a change of a destination @throws Problem that names the credentials that would be kept for another origin */
export function refuseMovedSecrets(given: JsonObject, stored: JsonObject): void {
  const [auth, former] = [given["auth"], stored["auth"]];
  if (!isObject(former) || !movesOrigin(stored, { ...stored, ...given })) return;
  if (isObject(auth) && auth["type"] !== former["type"]) return;
  const kept = SECRET_PLACES.destinations.auth.filter(
    (field) => former[field] !== undefined && !(isObject(auth) && auth[field] !== undefined),
  );
  if (kept.length > 0) refuseFaults(kept.map((field) => ({ pointer: `/auth/${field}`, detail: GIVE_AGAIN })));
}
