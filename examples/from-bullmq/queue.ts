// BullMQ's `Queue.add` on Sluice: each queue is a destination of that name.
import { randomUUID } from "node:crypto";

export interface Connection {
  /** Where Sluice is. */
  readonly url: string;
  /** Of scope `write`. */
  readonly token: string;
}

export interface JobOptions {
  /** Milliseconds. Sluice counts whole seconds, and rounds up. */
  readonly delay?: number;
  /** Adding a job with the same id within a day adds nothing. */
  readonly jobId?: string;
}

export class Queue {
  readonly #name: string;
  readonly #connection: Connection;

  constructor(name: string, connection: Connection) {
    this.#name = name;
    this.#connection = connection;
  }

  /** @returns once the job is stored durably */
  async add(
    name: string,
    data: unknown,
    { delay = 0, jobId = randomUUID() }: JobOptions = {},
  ): Promise<{ id: string }> {
    const response = await fetch(`${this.#connection.url}/api/v1/events`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.#connection.token}`,
        "content-type": "application/json",
        "idempotency-key": `${this.#name}/${jobId}`,
      },
      body: JSON.stringify({
        destinations: [this.#name],
        body: data,
        headers: { "x-job-name": name },
        ...(delay > 0 ? { delay_seconds: Math.ceil(delay / 1000) } : {}),
      }),
    });
    if (!response.ok) throw new Error(`${this.#name}: Sluice answers ${response.status}: ${await response.text()}`);
    const { id }: { id: string } = JSON.parse(await response.text());
    return { id };
  }
}
