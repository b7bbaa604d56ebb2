// Calls Sluice as a user does: the management API through the CLI's client, which the API's contract types, and ingest as a sender. Retries while
// Sluice is down, long enough for a restart.
import { Client, pages, type Delivery } from "../../cli/client.ts";

const PATIENCE_MS = 90_000;
const TIMEOUT_MS = 30_000;

/** Repeats a request until its whole answer has come: a crash can cut it off after the head. @param answered whether a response is an answer */
async function patiently(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  answered: (response: Response) => boolean,
): Promise<{ readonly response: Response; readonly times: number }> {
  const until = Date.now() + PATIENCE_MS;
  for (let times = 1; ; times++) {
    try {
      const response = await fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
      const body = await response.text();
      if (answered(response)) return { response: new Response(body === "" ? null : body, response), times };
      if (Date.now() > until) throw new Error(`${response.url}: ${response.status} ${body}`);
    } catch (error) {
      if (Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

export class PatientClient extends Client {
  readonly origin: string;
  readonly token: string;

  constructor(origin: string, token: string) {
    super(
      { origin, token },
      async (input, init) => (await patiently(input, init, ({ status }) => status < 500)).response,
    );
    this.origin = origin;
    this.token = token;
  }

  /** Posts one webhook until it is accepted, as a sender does. @param path the source's slug and what follows it */
  async post(
    path: string,
    body: BodyInit,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly id: string; readonly times: number }> {
    const request = { method: "POST", headers, body };
    const { response, times } = await patiently(`${this.origin}/in/${path}`, request, ({ status }) => status === 202);
    return { id: (await response.json<{ id: string }>()).id, times };
  }

  /** All deliveries of a source. */
  async deliveriesOf(source: string): Promise<Delivery[]> {
    const found: Delivery[] = [];
    for await (const page of pages(this.deliveries, { source, limit: 200 })) found.push(...page);
    return found;
  }
}
