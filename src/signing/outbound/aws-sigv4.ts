// AWS Signature Version 4. Always signs the body's digest, never UNSIGNED-PAYLOAD. Of the headers it signs only the host and `x-amz-*`,
// because proxies may change others. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import type { HeaderList } from "../../model/event.ts";
import type { BodySigner } from "./body-signer.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  readonly region: string;
  readonly service: string;
}

/** The signature sets these. Values from the sender are not passed on. */
export const SIGV4_HEADERS = ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

/** @param now milliseconds since the epoch */
export function signAwsV4(
  credentials: AwsCredentials,
  request: { readonly method: string; readonly url: string; readonly headers: HeaderList },
  now: number,
): BodySigner {
  const digest = createHash("sha256");
  return {
    update: (chunk) => void digest.update(chunk),
    async finish() {
      const amz = request.headers.filter(([name]) => {
        const lower = name.toLowerCase();
        return lower.startsWith("x-amz-") && !SIGV4_HEADERS.includes(lower);
      });
      const signer = new AwsV4Signer({
        method: request.method,
        url: request.url,
        headers: [
          ...amz.map(([name, value]): [string, string] => [name, value]),
          ["x-amz-content-sha256", digest.digest("hex")],
        ],
        accessKeyId: credentials.accessKeyId,
        secretAccessKey: credentials.secretAccessKey,
        ...(credentials.sessionToken === null ? {} : { sessionToken: credentials.sessionToken }),
        region: credentials.region,
        service: credentials.service,
        datetime: new Date(now).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
      });
      const { headers } = await signer.sign();
      return SIGV4_HEADERS.flatMap((name) => {
        const value = headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
    },
  };
}
