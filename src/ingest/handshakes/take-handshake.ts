// One handshake from beginning to end: opens the secrets it needs, decides, and does what the provider's answer rests on.
import { isInRanges } from "../../kernel/cidr.ts";
import { allowedIps } from "../../model/verification.ts";
import type { Source } from "../../model/source.ts";
import type { InboundHead } from "../../model/request-check.ts";
import type { Handshake as Taken } from "../ports.ts";
import { asksBeforeBody, handshakeBeforeBody } from "./before-body.ts";
import type { Handshake, HandshakeRequest } from "./handshake.ts";
import { asksInBody, handshakeInBody } from "./with-body.ts";

/** Every call may throw: then the provider is asked to come again. */
export interface HandshakePorts {
  /** The source's secrets in plain, in order. */
  readonly openSecrets: (source: Source) => Promise<readonly string[]>;
  /** The token that the sender's page was told, or null. */
  readonly openVerifyToken: (source: Source) => Promise<string | null>;
  /** Keeps the secret, sealed, if the source has none yet. @returns whether it did */
  readonly learn: (source: Source, secret: string) => Promise<boolean>;
  /** Fetches a URL whose host has been checked. */
  readonly confirm: (url: string) => Promise<void>;
}

/**
 * @param body null while only the head is known
 * @param verified whether the signature has been found right
 * @returns null for what is no handshake of this source's provider
 */
export async function takeHandshake(
  { method, url, headers, ip }: InboundHead,
  body: Uint8Array | null,
  source: Source,
  verified: boolean,
  ports: HandshakePorts,
): Promise<Taken | null> {
  const { type } = source.verification;
  if (!(body === null ? asksBeforeBody(type) : asksInBody(type))) return null;
  const request: HandshakeRequest = {
    type,
    method,
    query: /\?[^#]*/.exec(url)?.[0] ?? "",
    headers,
    secrets: await ports.openSecrets(source),
    verifyToken: await ports.openVerifyToken(source),
  };
  const handshake = body === null ? await handshakeBeforeBody(request) : await handshakeInBody(request, body, verified);
  if (handshake === null) return null;
  if (!isInRanges(ip, allowedIps(source.verification))) return { kind: "refuse", cause: "ip_not_allowed" };
  return carryOut(handshake, source, ports);
}

async function carryOut(handshake: Handshake, source: Source, ports: HandshakePorts): Promise<Taken> {
  switch (handshake.kind) {
    case "answer":
    case "refuse":
      return handshake;
    case "learn":
      return (await ports.learn(source, handshake.secret))
        ? { kind: "answer", answer: handshake.answer }
        : { kind: "refuse", cause: "secret_known" };
    case "confirm":
      await ports.confirm(handshake.url);
      return { kind: "answer", answer: handshake.answer };
  }
}
