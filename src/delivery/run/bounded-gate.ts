// A gate whose calls have a deadline: a gate that hangs counts as unreachable.
import { GATE_WAIT_MS } from "../../config/limits.ts";
import type { Gate } from "../../gate/index.ts";
import type { DispatchPorts } from "../ports.ts";

export function boundedGate({ gate, endsWithin }: Pick<DispatchPorts, "gate" | "endsWithin">): Gate {
  const inTime = async <T>(answer: Promise<T>): Promise<T> => {
    if (!(await endsWithin(GATE_WAIT_MS, answer))) throw new Error(`no answer within ${GATE_WAIT_MS} ms`);
    return answer;
  };
  return {
    acquire: (id, request) => inTime(gate.acquire(id, request)),
    report: (id, request) => inTime(gate.report(id, request)),
    inspect: (id, limits) => inTime(gate.inspect(id, limits)),
    reschedule: (id, request) => inTime(gate.reschedule(id, request)),
  };
}
