// Adds credentials and signatures to a request that is otherwise complete, so that exactly what is sent is signed. The sender's own
// `authorization` never reaches a destination that has credentials of its own.
import { MAX_ED25519_BODY_BYTES } from "../../config/limits.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AuthOf, DestinationAuth, DestinationSigning } from "../../model/destination-auth.ts";
import type { DestinationId } from "../../model/ids.ts";
import { isBroker, type BrokerDestination } from "../../model/destination.ts";
import { SECRET_PLACES, type StoredSecret } from "../../model/secret.ts";
import {
  basicHeader,
  configPlace,
  fitsHeader,
  hmacSecretBytes,
  kindOfSigningSecret,
  needsWholeBody,
  SecretUnavailable,
  SIGV4_HEADERS,
  signAwsV4,
  signCustomHmac,
  signStandardWebhooks,
  withQuery,
  type BodySigner,
  type Vault,
} from "../../signing/index.ts";
import type { Sending, Unprepared } from "../types.ts";
import type { OutboundRequest } from "../../outbound/index.ts";

export interface AuthorizePorts {
  /** Throws `SecretUnavailable`. */
  readonly openSecrets: Vault["openSecrets"];
  /** The body stored in R2 under a key; null when it no longer exists. */
  readonly readStored: (key: string) => Promise<ReadableStream<Uint8Array> | null>;
  /** The `fetch` of an mTLS certificate binding; null when the Worker has no such binding. */
  readonly certificate: (binding: string) => typeof fetch | null;
  /** An access token, shared by all consumers, or why there is none. @param refused a token that no longer works */
  readonly accessToken: (
    destination: DestinationId,
    auth: AuthOf<"oauth2_client_credentials">,
    refused: string | null,
  ) => Promise<Result<string, { readonly detail: string; readonly isTemporary: boolean }>>;
}

/** What an auth type adds: header fields, or a signer that reads the body; and the secrets that must not be recorded. */
interface Additions {
  readonly url?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Headers that the sender cannot set. */
  readonly reserved?: readonly string[];
  readonly signer?: BodySigner;
  readonly fetcher?: typeof fetch;
  readonly credentials: readonly string[];
  /** Of a broker, by field. */
  readonly secrets?: Readonly<Record<string, string>>;
}

type Outcome<T> = Result<T, Unprepared>;

const unavailable = (detail: string): Outcome<never> => err({ kind: "put_off", by: "secret_unavailable", detail });

export async function authorize(
  request: OutboundRequest,
  { destination, event }: Sending,
  now: number,
  ports: AuthorizePorts,
  refused: string | null,
): Promise<Outcome<OutboundRequest>> {
  const { auth, signing } = destination;
  if (auth.type === "none" && signing.type === "none") return ok(request);
  try {
    const signature = await webhookSigner(signing, destination.id, event.id, request, now, ports);
    if (!signature.ok) return signature;
    const added =
      destination.type === "http"
        ? await authAdditions(destination.auth, destination.id, event.id, request, now, ports, refused)
        : ok(isBroker(destination) ? await brokerAdditions(destination, ports) : { credentials: [] });
    if (!added.ok) return added;
    const signers = [signature.value, added.value.signer ?? null].filter((signer) => signer !== null);
    const unread = signers.length === 0 ? null : await feed(request, signers, ports);
    if (unread !== null) return err(unread);
    const finished = (await Promise.all(signers.map(async (signer) => signer.finish()))).flat();
    const ours = [...(added.value.headers ?? []), ...finished];
    const reserved = new Set(
      [...(added.value.reserved ?? []), ...ours.map(([name]) => name)].map((name) => name.toLowerCase()),
    );
    // The operator may configure a static authorization header; the sender cannot set one.
    const fixed = Object.keys(destination.headers).some((name) => name.toLowerCase() === "authorization");
    if (auth.type !== "none" && !fixed) reserved.add("authorization");
    return ok({
      ...request,
      url: added.value.url ?? request.url,
      headers: [...request.headers.filter(([name]) => !reserved.has(name.toLowerCase())), ...ours],
      credentials: added.value.credentials,
      ...(request.message === undefined ? {} : { message: { ...request.message, secrets: added.value.secrets ?? {} } }),
      ...(added.value.fetcher === undefined ? {} : { fetcher: added.value.fetcher }),
    });
  } catch (error) {
    if (error instanceof SecretUnavailable) return unavailable(error.message);
    throw error;
  }
}

async function webhookSigner(
  signing: DestinationSigning,
  destination: DestinationId,
  id: string,
  request: OutboundRequest,
  now: number,
  { openSecrets }: AuthorizePorts,
): Promise<Outcome<BodySigner | null>> {
  if (signing.type === "none") return ok(null);
  const retiring = signing.retiring.filter((former) => former.expires_at > now).map((former) => former.secret);
  const secrets = await openSecrets([...signing.secrets, ...retiring], configPlace(destination, "signing/secrets"));
  if (secrets.some((secret) => kindOfSigningSecret(secret) === null))
    return unavailable("no signing secret: whsec_ or whsk_");
  if (request.body !== null && request.bodyBytes > MAX_ED25519_BODY_BYTES && needsWholeBody(secrets))
    return err({ kind: "dead", error: "unprocessable: body_too_large_for_ed25519" });
  return ok(signStandardWebhooks(secrets, id, Math.floor(now / 1000)));
}

async function authAdditions(
  auth: DestinationAuth,
  destination: DestinationId,
  id: string,
  request: OutboundRequest,
  now: number,
  ports: AuthorizePorts,
  refused: string | null,
): Promise<Outcome<Additions>> {
  const open = async (secret: StoredSecret, field: string): Promise<string> =>
    (await ports.openSecrets([secret], configPlace(destination, `auth/${field}`)))[0] ?? "";
  switch (auth.type) {
    case "none":
      return ok({ credentials: [] });
    case "basic": {
      const password = await open(auth.password, "password");
      const value = basicHeader(auth.username, password);
      return ok({ headers: [["authorization", value]], credentials: [password, value.slice("Basic ".length)] });
    }
    case "bearer":
      return headerAuth("authorization", "Bearer ", await open(auth.token, "token"));
    case "api_key": {
      const value = await open(auth.value, "value");
      if (auth.in === "header") return headerAuth(auth.name, "", value);
      return ok({ url: withQuery(request.url, auth.name, value), credentials: [value, encodeURIComponent(value)] });
    }
    case "hmac": {
      const secret = await open(auth.secret, "secret");
      const key = hmacSecretBytes(secret, auth.secret_encoding);
      if (key === null) return unavailable(`the secret is not valid ${auth.secret_encoding}`);
      const signed = { id, method: request.method, url: new URL(request.url) };
      return ok({ signer: signCustomHmac(auth, key, signed, Math.floor(now / 1000)), credentials: [secret] });
    }
    case "oauth2_client_credentials": {
      const token = await ports.accessToken(destination, auth, refused);
      if (!token.ok && token.error.isTemporary)
        return err({ kind: "put_off", by: "token_unavailable", detail: token.error.detail });
      if (!token.ok)
        return err({ kind: "failed", error: "auth_failed", detail: `No access token: ${token.error.detail}.` });
      return headerAuth("authorization", "Bearer ", token.value);
    }
    case "aws_sigv4": {
      const secretAccessKey = await open(auth.secret_access_key, "secret_access_key");
      const sessionToken = auth.session_token === undefined ? null : await open(auth.session_token, "session_token");
      const { region, service } = auth;
      const credentials = { accessKeyId: auth.access_key_id, secretAccessKey, sessionToken, region, service };
      return ok({
        signer: signAwsV4(credentials, request, now),
        reserved: SIGV4_HEADERS,
        credentials: sessionToken === null ? [secretAccessKey] : [secretAccessKey, sessionToken],
      });
    }
    case "mtls": {
      const fetcher = ports.certificate(auth.binding);
      return fetcher === null ? unavailable(`binding_missing: ${auth.binding}`) : ok({ fetcher, credentials: [] });
    }
  }
}

/** A broker's client authenticates its connection, so the message itself has no credentials. */
async function brokerAdditions({ id, auth }: BrokerDestination, { openSecrets }: AuthorizePorts): Promise<Additions> {
  const secrets: Record<string, string> = {};
  for (const field of SECRET_PLACES.destinations.auth) {
    const stored = (auth as { readonly [name: string]: unknown })[field] as StoredSecret | undefined;
    if (stored === undefined) continue;
    secrets[field] = (await openSecrets([stored], configPlace(id, `auth/${field}`)))[0] ?? "";
  }
  return { secrets, credentials: Object.values(secrets) };
}

function headerAuth(name: string, before: string, secret: string): Outcome<Additions> {
  if (!fitsHeader(secret)) return unavailable("the secret does not fit into a header");
  return ok({ headers: [[name, before + secret]], credentials: [secret] });
}

/** Passes the body to the signers, chunk by chunk. @returns why it cannot be read */
async function feed(
  request: OutboundRequest,
  signers: readonly BodySigner[],
  ports: AuthorizePorts,
): Promise<Unprepared | null> {
  const update = (chunk: Uint8Array): void => {
    for (const signer of signers) signer.update(chunk);
  };
  if (request.body?.kind === "inline") update(request.body.bytes);
  if (request.body?.kind !== "r2") return null;
  try {
    const stored = await ports.readStored(request.body.key);
    if (stored === null) return { kind: "failed", error: "body_missing" };
    for await (const chunk of stored) update(chunk);
    return null;
  } catch {
    return { kind: "put_off", by: "body_unavailable", detail: "R2 cannot be read" };
  }
}
