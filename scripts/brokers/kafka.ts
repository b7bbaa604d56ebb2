// librdkafka's mock cluster on loopback, which speaks Kafka's protocol, and its own client `kcat`. It is no real Kafka: it keeps messages in
// memory, replicates nothing and authenticates no one.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../local-sluice.ts";
import { endProgram, findProgram, startProgram } from "./process.ts";

const run = promisify(execFile);

interface KafkaMessage {
  readonly key: string;
  /** As `name=value`, separated by commas. */
  readonly headers: string;
  readonly payload: Buffer;
}

export interface KafkaMock {
  /** `host:port` of each broker. */
  readonly brokers: readonly string[];
  readonly control: (path: "/create" | "/fail" | "/delay" | "/down" | "/up", query: object) => Promise<void>;
  readonly messages: (topic: string) => Promise<readonly KafkaMessage[]>;
  readonly stop: () => Promise<void>;
}

/** Null when Python, librdkafka or kcat is not installed. @param size brokers */
export async function startKafka(size = 3): Promise<KafkaMock | null> {
  const [python, kcat] = [findProgram("python3"), findProgram("kcat")];
  if (python === null || kcat === null) return null;
  const port = await freePort();
  const child = startProgram(python, [join(import.meta.dirname, "kafka-mock.py"), String(size), String(port)]);
  if (child.stdout === null) throw new Error("the mock cluster has no output");
  const [first] = (await Promise.race([once(child.stdout, "data"), once(child, "exit")])) as [unknown];
  if (!(first instanceof Buffer)) return null;
  const brokers = first.toString().trim().split(",");
  return {
    brokers,
    control: async (path, query) => {
      const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
      const response = await fetch(`http://127.0.0.1:${port}${path}?${parameters.toString()}`);
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
    },
    messages: async (topic) => {
      const { stdout } = await run(
        kcat,
        ["-C", "-b", brokers.join(","), "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%K %k\\n%h\\n%S\\n%s\\n"],
        { encoding: "buffer", maxBuffer: 256 * 1024 * 1024 },
      );
      return parseMessages(stdout);
    },
    stop: () => endProgram(child),
  };
}

function parseMessages(output: Buffer): KafkaMessage[] {
  const out: KafkaMessage[] = [];
  let at = 0;
  const line = (): string => {
    const end = output.indexOf(10, at);
    const text = output.subarray(at, end).toString();
    at = end + 1;
    return text;
  };
  while (at < output.length) {
    const key = line().replace(/^-?\d+ /, "");
    const headers = line();
    const bytes = Number(line());
    out.push({ key, headers, payload: output.subarray(at, at + bytes) });
    at += bytes + 1;
  }
  return out;
}
