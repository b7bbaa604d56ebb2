// Changes calls of a world's ports by name, wherever among the consumer's ports they are.
import type { ConsumerPorts } from "../../src/delivery/index.ts";

type Ports = ConsumerPorts &
  ConsumerPorts["records"] &
  ConsumerPorts["replays"] &
  ConsumerPorts["gate"] &
  ConsumerPorts["collector"];
export type Step = {
  [S in keyof Ports]: Ports[S] extends (...args: never[]) => Promise<unknown> ? S : never;
}[keyof Ports];

/** Makes the other call of the former one. */
export type Change<S extends Step> = (original: Ports[S]) => Ports[S];

/** Puts another call in the place of a port's. @returns puts the former one back */
export function replace<S extends Step>(ports: ConsumerPorts, step: S, change: Change<S>): () => void {
  const { records, replays, gate, collector } = ports;
  const port = [records, replays, gate, collector, ports].find((one) => step in one) as Pick<Ports, S> | undefined;
  if (port === undefined) throw new Error(`no port has ${step}`);
  const original = port[step];
  port[step] = change(original);
  return () => void (port[step] = original);
}

/** Every call fails. @returns mends them */
export function breakSteps(ports: ConsumerPorts, ...steps: readonly Step[]): () => void {
  const mends = steps.map((step) => replace(ports, step, () => () => Promise.reject(new Error(`${step} is down`))));
  return () => mends.forEach((mend) => mend());
}

/** One call fails, before or after it takes effect. @param nth that call, from 1 @returns how often it has been made */
export function crashAt(ports: ConsumerPorts, step: Step, when: "before" | "after", nth: number): () => number {
  let calls = 0;
  replace(ports, step, (call) => {
    const original = call as (...args: unknown[]) => Promise<never>;
    return async (...args: unknown[]) => {
      calls += 1;
      const crashes = calls === nth;
      if (crashes && when === "before") throw new Error("crash");
      const result = await original(...args);
      if (crashes) throw new Error("crash");
      return result;
    };
  });
  return () => calls;
}
