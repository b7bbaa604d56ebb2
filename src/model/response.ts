// A source's configured response to its sender: short and complete.
import * as z from "zod";
import { MAX_RESPONSE_BODY_BYTES } from "../config/limits.ts";
import { utf8 } from "../kernel/bytes.ts";
import { headerMapSchema } from "./names.ts";

/** The response to an accepted request. */
export const responseSchema = z.strictObject({
  status: z.int().min(200).max(299).default(202),
  headers: headerMapSchema.default({}),
  content_type: z
    .string()
    .max(256)
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[\t\x20-\x7e]+$/, "is not a media type")
    .optional()
    .describe("Short for the header `content-type`"),
  body: z
    .string()
    .refine(
      (text) => utf8(text).byteLength <= MAX_RESPONSE_BODY_BYTES,
      `has more than ${MAX_RESPONSE_BODY_BYTES} bytes`,
    )
    .default(""),
});

export type ResponseSpec = z.infer<typeof responseSchema>;

/** Statuses of responses without a body. RFC 9110, sections 15.3.5 and 15.3.6. */
export const BODILESS_STATUSES: readonly number[] = [204, 205];

// Hop-by-hop headers (RFC 9110, section 7.6.1); headers that describe the body's bytes, which Sluice sets; cookies, which would be set
// for the host of the API and the dashboard; headers that speak for the whole host (HSTS, reporting, alternative services) or lead a browser
// elsewhere; the policy under which Sluice serves every response of a source; and Sluice's own headers.
// prettier-ignore
const NOT_CONFIGURABLE = new Set([
  "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
  "transfer-encoding", "upgrade", "content-length", "content-encoding", "content-range", "date", "set-cookie", "set-cookie2",
  "clear-site-data", "service-worker-allowed", "sluice-event-id", "x-request-id",
  "content-security-policy", "content-security-policy-report-only", "x-content-type-options", "refresh", "location", "link",
  "strict-transport-security", "alt-svc", "nel", "report-to", "reporting-endpoints", "origin-agent-cluster", "expect-ct", "public-key-pins",
]);

/** Whether a source may send a header of this name. */
export const isConfigurableHeader = (name: string): boolean => !NOT_CONFIGURABLE.has(name.toLowerCase());

/** What is wrong with a well-formed response; null when it is valid. The pointer is relative to the response. */
export function responseFault(response: ResponseSpec): { readonly pointer: string; readonly detail: string } | null {
  const names = Object.keys(response.headers);
  const refused = names.find((name) => !isConfigurableHeader(name));
  if (refused !== undefined) return { pointer: `/headers/${refused}`, detail: "cannot be set by a source" };
  const typed = names.find((name) => name.toLowerCase() === "content-type");
  if (typed !== undefined && response.content_type !== undefined)
    return { pointer: "/content_type", detail: `is given twice: here and in headers/${typed}` };
  if (BODILESS_STATUSES.includes(response.status) && response.body !== "")
    return { pointer: "/body", detail: `must be empty with status ${response.status}` };
  return null;
}
