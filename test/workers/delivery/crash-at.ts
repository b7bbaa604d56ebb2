// Makes one call of a consumer to the world fail, before or after it takes effect.
import type { World } from "../harness.ts";

type Port = Record<string, unknown>;

/**
 * @param step the name of the call, wherever among the ports it stands
 * @param nth the call that fails, from 1
 * @returns how often the step has been called
 */
export function crashAt({ consumer }: World, step: string, when: "before" | "after", nth: number): () => number {
  const ports = [consumer.records, consumer.gate, consumer.collector, consumer] as unknown as Port[];
  const port = ports.find((candidate) => step in candidate);
  if (port === undefined) throw new Error(`no port has ${step}`);
  const original = port[step] as (...args: unknown[]) => Promise<unknown>;
  let calls = 0;
  port[step] = async (...args: unknown[]) => {
    calls += 1;
    if (calls === nth && when === "before") throw new Error("crash");
    const result = await original.apply(port, args);
    if (calls === nth) throw new Error("crash");
    return result;
  };
  return () => calls;
}
