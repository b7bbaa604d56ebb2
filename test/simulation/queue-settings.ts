// The consumers' settings, from the file that is deployed.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface QueueSettings {
  readonly queue: string;
  readonly maxBatchSize: number;
  /** Seconds. */
  readonly maxBatchTimeout: number;
  readonly maxRetries: number;
  /** Seconds. */
  readonly retryDelay: number;
}

/** By the queue's name without the deployment's prefix. */
export function readQueueSettings(): ReadonlyMap<string, QueueSettings> {
  const file = readFileSync(join(import.meta.dirname, "../../wrangler.toml"), "utf8");
  const blocks = file.split("[[queues.consumers]]").slice(1);
  return new Map(
    blocks.map((block) => {
      const value = (name: string): string => {
        const found = new RegExp(`^${name} = "?([^"\n]+)"?$`, "m").exec(block)?.[1];
        if (found === undefined) throw new Error(`wrangler.toml: a queue's consumer has no ${name}`);
        return found;
      };
      const queue = value("queue").replace(/^sluice-/, "");
      const settings: QueueSettings = {
        queue,
        maxBatchSize: Number(value("max_batch_size")),
        maxBatchTimeout: Number(value("max_batch_timeout")),
        maxRetries: Number(value("max_retries")),
        retryDelay: Number(value("retry_delay")),
      };
      return [queue, settings];
    }),
  );
}
