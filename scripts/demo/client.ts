// Calls Sluice as a user does: the management API with the token, ingest without. Retries while Sluice is down.
const PATIENCE_MS = 90_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Repeats `work` while it throws, long enough for Sluice to be restarted. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > until || error instanceof Refused) throw error;
      await sleep(300);
    }
  }
}

class Refused extends Error {}

interface Page {
  readonly data: readonly Record<string, unknown>[];
  readonly next_cursor: string | null;
}

export class Client {
  readonly origin: string;
  readonly token: string;

  constructor(origin: string, token: string) {
    this.origin = origin;
    this.token = token;
  }

  /** One API call, repeated while Sluice does not respond. @throws Refused for a 4xx */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    return patiently(async () => {
      const response = await fetch(`${this.origin}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await response.text();
      if (response.status >= 500) throw new Error(`${method} ${path}: ${response.status}`);
      if (!response.ok) throw new Refused(`${method} ${path}: ${response.status} ${text}`);
      return (text === "" ? {} : JSON.parse(text)) as T;
    });
  }

  /** Posts one webhook until it is accepted, as a sender does. @returns how often it was sent */
  async post(slug: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<number> {
    let sent = 0;
    await patiently(async () => {
      sent += 1;
      const response = await fetch(`${this.origin}/in/${slug}`, {
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(30_000),
      });
      await response.arrayBuffer();
      if (response.status !== 202) throw new Error(`ingest responded with ${response.status}`);
    });
    return sent;
  }

  /** All deliveries of a source. */
  async deliveries(source: string): Promise<Record<string, unknown>[]> {
    const out: Record<string, unknown>[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await this.call(
        "GET",
        `/deliveries?source=${source}&limit=200${cursor === null ? "" : `&cursor=${cursor}`}`,
      );
      out.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return out;
  }
}
