// Breaks calls of a world's ports by name, wherever among the consumer's ports they are.
import type { ConsumerPorts } from "../../src/delivery/index.ts";

type Step =
  | keyof ConsumerPorts["records"]
  | keyof ConsumerPorts["replays"]
  | keyof ConsumerPorts["gate"]
  | keyof ConsumerPorts["collector"]
  | keyof ConsumerPorts;
type Call = (...args: unknown[]) => Promise<unknown>;

/** Puts another call in the place of a port's. @returns puts the former one back */
function replace(ports: ConsumerPorts, step: Step, change: (original: Call) => Call): () => void {
  const { records, replays, gate, collector } = ports;
  const port = [records, replays, gate, collector, ports].find((one) => step in one);
  if (port === undefined) throw new Error(`no port has ${step}`);
  const calls = port as unknown as Record<string, Call | undefined>;
  const original = calls[step];
  if (original === undefined) throw new Error(`${step} is not a call`);
  calls[step] = change((...args) => original.apply(port, args));
  return () => void (calls[step] = original);
}

/** Every call fails. @returns mends them */
export function breakSteps(ports: ConsumerPorts, ...steps: readonly Step[]): () => void {
  const mends = steps.map((step) => replace(ports, step, () => () => Promise.reject(new Error(`${step} is down`))));
  return () => mends.forEach((mend) => mend());
}

/** One call fails, before or after it takes effect. @param nth that call, from 1 @returns how often it has been made */
export function crashAt(ports: ConsumerPorts, step: Step, when: "before" | "after", nth: number): () => number {
  let calls = 0;
  replace(ports, step, (original) => async (...args) => {
    calls += 1;
    const crashes = calls === nth;
    if (crashes && when === "before") throw new Error("crash");
    const result = await original(...args);
    if (crashes) throw new Error("crash");
    return result;
  });
  return () => calls;
}
