// The gates' own core behind the calls of consumers. A gate decides when the call reaches it, and takes its time to answer.
import { acquire } from "../../src/gate/acquire.ts";
import { report } from "../../src/gate/report.ts";
import { reschedule } from "../../src/gate/reschedule.ts";
import { inspect } from "../../src/gate/snapshot.ts";
import { NEW_GATE, type GateState } from "../../src/gate/state.ts";
import type { Gate } from "../../src/gate/index.ts";
import type { Invocation } from "./invocation.ts";

export class Gates {
  readonly #states = new Map<string, GateState>();
  readonly #answerMs: ReadonlyMap<string, number>;
  #leases = 0;

  /** @param answerMs by destination id */
  constructor(answerMs: ReadonlyMap<string, number>) {
    this.#answerMs = answerMs;
  }

  calledFrom({ call, network: { clock } }: Pick<Invocation, "call" | "network">): Gate {
    const apply = <T>(
      id: string,
      step: (state: GateState, now: number) => { state: GateState; answer: T },
    ): Promise<T> =>
      call(
        "gate",
        () => {
          const { state, answer } = step(this.#states.get(id) ?? NEW_GATE, clock.now());
          this.#states.set(id, state);
          return answer;
        },
        this.#answerMs.get(id),
      );
    return {
      acquire: (id, request) =>
        apply(id, (before, now) => {
          const { state, response } = acquire(before, request, now, `lease-${this.#leases++}`);
          return { state, answer: response };
        }),
      report: (id, request) =>
        apply(id, (before, now) => {
          const { state, snapshot } = report(before, request, now);
          return { state, answer: snapshot };
        }),
      inspect: (id, limits) => apply(id, (state, now) => ({ state, answer: inspect(state, limits, now) })),
      reschedule: (id, request) =>
        apply(id, (before, now) => {
          const { state, times } = reschedule(before, request, now);
          return { state, answer: times };
        }),
    };
  }
}
