// A gate whose calls have a deadline: a gate that hangs counts as unreachable.
import type { Gate } from "../../gate/index.ts";
import type { DispatchPorts } from "../ports.ts";

export class GateTimeout extends Error {}

export function boundedGate({ gate, endsWithin }: Pick<DispatchPorts, "gate" | "endsWithin">, waitMs: number): Gate {
  const inTime = async <T>(answer: Promise<T>): Promise<T> => {
    if (!(await endsWithin(waitMs, answer))) throw new GateTimeout(`no answer within ${waitMs} ms`);
    return answer;
  };
  return {
    acquire: (id, request) => inTime(gate.acquire(id, request)),
    report: (id, request) => inTime(gate.report(id, request)),
    inspect: (id, limits) => inTime(gate.inspect(id, limits)),
    reschedule: (id, request) => inTime(gate.reschedule(id, request)),
  };
}
