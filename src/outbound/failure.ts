// Finds out why a request got no response. Reads the runtime's error message; when that is not specific, tries a bare connection.
import type { ErrorCode } from "../model/delivery.ts";
import type { Probe } from "./types.ts";

/** The code for a specific message. Null for any other. */
function errorCode(error: unknown): ErrorCode | null {
  const text = error instanceof Error ? `${error.name} ${error.message}`.toLowerCase() : "";
  if (text.includes("timeout") || text.includes("timed out")) return "timeout";
  if (/\bdns\b|getaddrinfo|name not resolved|lookup address/.test(text)) return "dns";
  if (/refused/.test(text)) return "connect_refused";
  if (/\btls\b|\bssl\b|certificate/.test(text)) return "tls";
  if (/\breset\b|peer disconnected/.test(text)) return "reset";
  return null;
}

/** workerd's message for a connection that failed, and for one that ended before the response. */
const isLost = (error: unknown): boolean => error instanceof Error && /connection lost/i.test(error.message);
/** workerd's message when it hides the reason: a name that does not exist, a failed TLS handshake. */
const isInternal = (error: unknown): boolean => error instanceof Error && /^internal error/i.test(error.message);

/** @param began whether the head of a response had arrived */
export async function diagnose(error: unknown, url: URL, began: boolean, probe: Probe): Promise<ErrorCode> {
  const code = errorCode(error);
  if (code !== null) return code;
  if (began) return "reset";
  if (!isLost(error) && !isInternal(error)) return "network";
  const port = url.port !== "" ? Number(url.port) : url.protocol === "https:" ? 443 : 80;
  const opens = await probe(url.hostname.replace(/^\[|\]$/g, ""), port);
  if (isLost(error)) return opens ? "reset" : "connect_refused";
  return !opens ? "dns" : url.protocol === "https:" ? "tls" : "network";
}

/**
 * Cloudflare answers for an origin that it cannot reach, so that there is a status all the same.
 * https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
 */
export function edgeErrorCode(status: number, server: string | undefined, excerpt: string): ErrorCode | null {
  if (server?.toLowerCase() !== "cloudflare") return null;
  switch (status) {
    case 520:
      return "reset";
    case 521:
      return "connect_refused";
    case 522:
    case 524:
      return "timeout";
    case 525:
    case 526:
      return "tls";
    case 530:
      return /\b1016\b/.test(excerpt) ? "dns" : null;
    default:
      return null;
  }
}
