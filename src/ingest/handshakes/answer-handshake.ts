// Handles one handshake: opens the secrets it needs, decides, and completes the work that must precede the answer.
import { isInRanges } from "../../kernel/cidr.ts";
import { allowedIps } from "../../model/verification.ts";
import type { Source } from "../../model/source.ts";
import type { InboundHead } from "../../model/request-check.ts";
import { mayBeInHead, handshakeInHead } from "./in-head.ts";
import type { Handshake, HandshakeRequest, HandshakeResult } from "./handshake.ts";
import { mayBeInBody, handshakeInBody } from "./in-body.ts";

/** Every call may throw: then the provider is told to try again. */
export interface HandshakePorts {
  /** The source's secrets, decrypted, in order. */
  readonly openSecrets: (source: Source) => Promise<readonly string[]>;
  /** The token that the user entered at the provider; null when none is configured. */
  readonly openVerifyToken: (source: Source) => Promise<string | null>;
  /** Stores the secret, encrypted, if the source has none yet. @returns whether it did */
  readonly learn: (source: Source, secret: string) => Promise<boolean>;
  /** Fetches a URL whose host has been checked. */
  readonly confirm: (url: string) => Promise<void>;
}

/**
 * @param body null while only the head is known
 * @param verified whether the signature is valid
 * @returns null when it is not a handshake of this source's provider
 */
export async function answerHandshake(
  { method, url, headers, ip }: InboundHead,
  body: Uint8Array | null,
  source: Source,
  verified: boolean,
  ports: HandshakePorts,
): Promise<HandshakeResult | null> {
  const { type } = source.verification;
  const head = { type, method, headers };
  if (!(body === null ? mayBeInHead(head) : mayBeInBody(head))) return null;
  const request: HandshakeRequest = {
    ...head,
    query: /\?[^#]*/.exec(url)?.[0] ?? "",
    secrets: await ports.openSecrets(source),
    verifyToken: await ports.openVerifyToken(source),
  };
  const handshake = body === null ? await handshakeInHead(request) : await handshakeInBody(request, body, verified);
  if (handshake === null) return null;
  if (!isInRanges(ip, allowedIps(source.verification))) return { kind: "refuse", cause: "ip_not_allowed" };
  return carryOut(handshake, source, ports);
}

async function carryOut(handshake: Handshake, source: Source, ports: HandshakePorts): Promise<HandshakeResult> {
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
