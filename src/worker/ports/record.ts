// Puts D1 and R2 behind the record. Wiring only; one for each isolate, because the writer remembers how full D1 is.
import { createReader, createWriter, type PayloadObjects, type Reader, type Writer } from "../../record/index.ts";
import type { Watermarks } from "../../config/env.ts";
import { toHex } from "../../kernel/bytes.ts";
import { boundBucket } from "../bucket.ts";
import type { Clock } from "../../kernel/clock.ts";
import { sleep } from "../../kernel/clock.ts";
import { randomBytes, systemRandom } from "../../kernel/random.ts";
import { recordTables, withRetries } from "../../store/index.ts";
import { describeError, type Logger } from "../../telemetry/index.ts";

export interface RecordPorts {
  readonly writer: Writer;
  readonly reader: Reader;
}

export function recordPorts(
  env: Pick<Env, "DB" | "BODIES">,
  { limitBytes }: Pick<Watermarks, "limitBytes">,
  log: Logger,
  now: Clock,
): RecordPorts {
  const tables = recordTables(env.DB, now);
  const payloads = payloadObjects(boundBucket(env));
  const report = (what: string, error: unknown): void => log.error(what, { error: describeError(error) });
  return {
    reader: createReader({
      tables,
      payloads,
      report,
      unreadable: ({ key, detail, events }) =>
        log.error("segment unreadable", { code: "record_unreadable", segment: key, detail, events }),
    }),
    writer: createWriter({
      now,
      random: systemRandom,
      tables: { ...tables, commit: (batch) => withRetries(() => tables.commit(batch), sleep) },
      limitBytes,
      payloads,
      batchName: () => toHex(randomBytes(10)),
      report,
    }),
  };
}

/** @param bucket missing where none is bound */
const payloadObjects = (bucket: R2Bucket | undefined): PayloadObjects | null =>
  bucket === undefined
    ? null
    : {
        put: async (key, bytes) => void (await bucket.put(key, bytes)),
        read: async (key, offset, length) => {
          const stored = await bucket.get(key, { range: { offset, length } });
          return stored === null ? null : new Uint8Array(await stored.arrayBuffer());
        },
      };
