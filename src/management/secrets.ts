// Secrets are sealed before a schema sees the input, so a record holds only sealed secrets or the names of secrets of the Worker.
// An answer says only which secrets are set.
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import { isSecretEncoded, secretFault } from "../model/secret-forms.ts";
import { MAX_SECRET_LENGTH, SECRET_PLACES, secretNameSchema, type StoredSecret } from "../model/secret.ts";
import type { Mark, Shown } from "../model/shown.ts";
import type { Verification } from "../model/verification.ts";
import {
  configPlace,
  fitsHeader,
  hmacSecretBytes,
  kindOfSigningSecret,
  type SecretPlace,
  type Vault,
} from "../signing/index.ts";
import { invalid, Problem } from "../model/problem.ts";

/** Records that hold secrets. */
export type SecretKind = keyof typeof SECRET_PLACES;

/** In place of a secret in an input: keep the stored one. A client cannot send this. */
export class KeptSecret {
  readonly stored: StoredSecret;

  constructor(stored: StoredSecret) {
    this.stored = stored;
  }
}

const placesOf = (kind: SecretKind): [string, readonly string[]][] => Object.entries(SECRET_PLACES[kind]);

/** Whether white space around a secret means nothing, because the secret is an encoding of bytes. */
function isEncoded(part: string, given: JsonObject): boolean {
  if (part === "verification") return isSecretEncoded(given as Pick<Verification, "type">);
  return part === "signing" || given["secret_encoding"] === "hex" || given["secret_encoding"] === "base64";
}

/** What is wrong with the form of a secret; null when nothing is. */
function formProblem(part: string, given: JsonObject, plain: string): string | null {
  // Usually pasted by accident; every request would fail because of it.
  if (plain !== plain.trim()) return "must not begin or end with white space";
  if (part === "signing")
    return kindOfSigningSecret(plain) === null
      ? "must be whsec_ and base64 of 24 to 64 bytes, or whsk_ and base64 of an ed25519 key"
      : null;
  if (part === "verification") return secretFault(given as Pick<Verification, "type">, plain);
  if (part !== "auth") return null;
  switch (given["type"]) {
    case "bearer":
      return fitsHeader(plain) ? null : "must be printable ASCII";
    case "api_key":
      return given["in"] === "query" || fitsHeader(plain) ? null : "must be printable ASCII";
    case "hmac": {
      const encoding = given["secret_encoding"] ?? "utf8";
      if (encoding !== "base64" && encoding !== "hex") return null;
      return hmacSecretBytes(plain, encoding) === null ? `must be ${encoding}` : null;
    }
    default:
      return null;
  }
}

/** Whether a part's stored secrets fit its new form: the same type and encoding, and no JWKS URL in their place. */
const standsIn = (before: JsonObject, given: JsonObject): boolean =>
  before["type"] === given["type"] &&
  (given["secret_encoding"] ?? "utf8") === (before["secret_encoding"] ?? "utf8") &&
  given["jwks_url"] === undefined;

/**
 * Seals one secret. Throws a problem that names the field, or the setting that is missing.
 * @param encoded white space around the secret is removed
 */
async function seal(
  value: unknown,
  pointer: string,
  place: SecretPlace,
  vault: Vault,
  encoded: boolean,
  checkForm: (plain: string) => string | null,
): Promise<StoredSecret> {
  if (value instanceof KeptSecret) return value.stored;
  if (typeof value === "string") {
    const plain = encoded ? value.trim() : value;
    if (plain.length === 0 || plain.length > MAX_SECRET_LENGTH)
      throw invalid(pointer, `must have 1 to ${MAX_SECRET_LENGTH} characters`);
    const problem = checkForm(plain);
    if (problem !== null) throw invalid(pointer, problem);
    const sealed = await vault.seal(plain, place);
    if (!sealed.ok) throw new Problem("not_configured", sealed.error.detail);
    return sealed.value;
  }
  if (!isObject(value) || Object.keys(value).join() !== "secret")
    throw invalid(pointer, 'must be a string or {"secret": "NAME"}');
  const name = secretNameSchema.safeParse(value["secret"]);
  if (!name.success) throw invalid(`${pointer}/secret`, "is not a valid name of a secret");
  const opened = await vault.open({ secret: name.data }, place);
  if (!opened.ok) throw invalid(`${pointer}/secret`, "is not a secret of this Worker");
  const problem = checkForm(opened.value);
  if (problem !== null) throw invalid(`${pointer}/secret`, problem);
  return { secret: name.data };
}

/**
 * The input with every secret sealed. A part that keeps its type keeps stored secrets that the input does not give.
 * @param record id of the record that the secrets are sealed for
 * @param stored the record as it stands, for a change; null for a new one
 */
export async function sealSecrets(
  kind: SecretKind,
  record: string,
  input: JsonObject,
  stored: JsonObject | null,
  vault: Vault,
): Promise<JsonObject> {
  const out: JsonObject = { ...input };
  for (const [part, fields] of placesOf(kind)) {
    const given = input[part];
    if (!isObject(given)) continue;
    const before = stored?.[part];
    // A client may send back what it read: `secrets_set` is a field of answers, and is ignored.
    const { secrets_set: _answer, ...sealed }: JsonObject = { ...given };
    const encoded = isEncoded(part, given);
    const checkForm = (plain: string): string | null => formProblem(part, given, plain);
    for (const field of fields) {
      const value = given[field];
      const pointer = `/${part}/${field}`;
      const place = configPlace(record, `${part}/${field}`);
      if (value === undefined) {
        const kept = isObject(before) && standsIn(before, given) ? before[field] : undefined;
        if (kept !== undefined) sealed[field] = kept;
      } else if (Array.isArray(value)) {
        const items = value.map((item, index) => seal(item, `${pointer}/${index}`, place, vault, encoded, checkForm));
        sealed[field] = await Promise.all(items);
      } else sealed[field] = await seal(value, pointer, place, vault, encoded, checkForm);
    }
    out[part] = sealed;
  }
  return out;
}

const mark = (secret: StoredSecret): Mark => ("secret" in secret ? secret : "sealed");

/** The record without its secrets. `secrets_set` says for each secret field "sealed", or which secret of the Worker it names. */
export function withoutSecrets<T extends object>(kind: SecretKind, spec: T): Shown<T> {
  const out = { ...spec } as JsonObject;
  for (const [part, fields] of placesOf(kind)) {
    const value = out[part];
    if (!isObject(value)) continue;
    const set = fields.filter((field) => value[field] !== undefined);
    if (set.length === 0) continue;
    const marks = set.map((field): [string, unknown] => {
      const secret = value[field] as StoredSecret | readonly StoredSecret[];
      return [field, Array.isArray(secret) ? secret.map(mark) : mark(secret as StoredSecret)];
    });
    const rest = Object.entries(value).filter(([field]) => !set.includes(field));
    out[part] = { ...Object.fromEntries(rest), secrets_set: Object.fromEntries(marks) };
  }
  return out as Shown<T>;
}
