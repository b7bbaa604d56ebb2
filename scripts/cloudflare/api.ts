// A client of Cloudflare's REST API for the scripts that deploy, restore and remove Sluice. Wrangler is used where it does more than a request: to
// build and upload the Worker.
import { Advice } from "./advice.ts";
import { missingPermission, type ApiFault } from "./permissions.ts";

/** What the API answers to a request that fails. The message names what to do where that is known. */
export class CloudflareError extends Error {
  override readonly name = "CloudflareError";
  readonly status: number;
  /** Cloudflare's own codes: https://developers.cloudflare.com/fundamentals/api/reference/ */
  readonly codes: readonly number[];

  constructor(method: string, path: string, status: number, errors: readonly ApiFault[]) {
    const said = errors.map(({ code, message }) => `${message} [${code}]`).join("; ") || `HTTP ${status}`;
    const advice = missingPermission(method, path, status, errors);
    super(`${method} ${path}: ${said}${advice === null ? "" : `\n  ${advice}`}`);
    this.status = status;
    this.codes = errors.map(({ code }) => code);
  }
}

interface Envelope {
  readonly success?: boolean;
  readonly result?: unknown;
  readonly errors?: readonly ApiFault[];
}

export interface Cloudflare {
  /** @param path below `/client/v4` @returns `result` @throws CloudflareError */
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** @param headers that authenticate @param base the API's address, without a slash at its end */
export function cloudflare(headers: Readonly<Record<string, string>>, base: string, fetch: Fetch): Cloudflare {
  return {
    async call<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(base + path, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      }).catch((error: unknown) => {
        throw new Advice(`${base} is not reachable (${reason(error)}). Run this again once it is.`);
      });
      const text = await response.text();
      const { success, result, errors = [] } = envelope(text);
      if (!response.ok || success === false) throw new CloudflareError(method, path, response.status, errors);
      return result as T;
    },
  };
}

const reason = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== "" ? cause.message : String(error);
};

function envelope(text: string): Envelope {
  try {
    return JSON.parse(text) as Envelope;
  } catch {
    return {};
  }
}

/** Null where the API says that there is no such thing. */
export async function find<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CloudflareError && error.status === 404) return null;
    throw error;
  }
}

const PER_PAGE = 100;

/** Every page of a list. @param path may have a query */
export async function listAll<T>(api: Cloudflare, path: string): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; ; page++) {
    const mark = path.includes("?") ? "&" : "?";
    const part = await api.call<T[]>("GET", `${path}${mark}per_page=${PER_PAGE}&page=${page}`);
    all.push(...part);
    if (part.length < PER_PAGE) return all;
  }
}
