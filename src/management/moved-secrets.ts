// Credentials are stored for the origin that they are sent to. A destination or alert that is pointed at another origin does not keep
// them: otherwise anyone who may change a URL could read them there. Signing secrets are never sent, and stay.
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { refuseFaults } from "../model/problem.ts";
import { SECRET_PLACES } from "../model/secret.ts";

export const GIVE_AGAIN = "must be given again: the stored secret was for another origin";

/** Whether a destination's requests or its token requests go to another origin. URLs without an origin are left to other checks. */
export function movesOrigin(before: JsonObject, after: JsonObject): boolean {
  const urlsOf = (spec: JsonObject): unknown[] => [
    spec["url"],
    isObject(spec["auth"]) ? spec["auth"]["token_url"] : "",
  ];
  const [was, is] = [urlsOf(before).map(originOf), urlsOf(after).map(originOf)];
  return was.some((origin, index) => origin !== null && is[index] != null && origin !== is[index]);
}

export const originOf = (url: unknown): string | null =>
  typeof url === "string" ? (URL.parse(url)?.origin ?? null) : null;

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
