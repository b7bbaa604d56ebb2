// Passes a request to the verification as ingest does, and returns the verdict.
import type { Verdict } from "../../../src/model/request-check.ts";
import { beginCheck, remoteTexts, type RemoteTexts } from "../../../src/signing/index.ts";
import { verificationSchema, type Verification } from "../../../src/model/verification.ts";
import { NOW, URL_SEEN, type SignedRequest } from "./signer.ts";

const nothingRemote: RemoteTexts = remoteTexts(async () => {
  throw new Error("nothing is published");
});

/** The verification of a source with this number of secrets. */
export const configured = (type: string, options: Record<string, unknown> = {}, secrets = 1): Verification =>
  verificationSchema.parse({
    type,
    ...options,
    ...(secrets === 0
      ? {}
      : { secrets: Array.from({ length: secrets }, (_, index) => ({ secret: `SECRET_${index}` })) }),
  });

export interface Judged {
  readonly secrets?: readonly string[];
  /** Seconds. */
  readonly at?: number;
  readonly ip?: string | null;
  readonly remote?: RemoteTexts;
  /** Bytes in a chunk. */
  readonly chunk?: number;
}

export async function judge(
  request: Omit<SignedRequest, "body"> & { readonly body: string | Uint8Array },
  verification: Verification,
  { secrets = [], at = NOW, ip = "203.0.113.7", remote = nothingRemote, chunk = 65_536 }: Judged = {},
): Promise<Verdict> {
  const head = {
    method: request.method ?? "POST",
    url: request.url ?? URL_SEEN,
    headers: Object.entries(request.headers),
    ip,
  };
  const check = beginCheck(head, verification, secrets, at * 1_000, remote);
  const bytes = typeof request.body === "string" ? new TextEncoder().encode(request.body) : request.body;
  for (let from = 0; from < bytes.byteLength; from += chunk) check.update(bytes.subarray(from, from + chunk));
  return check.finish();
}
