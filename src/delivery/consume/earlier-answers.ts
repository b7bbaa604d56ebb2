// The answers that callbacks report of deliveries which ended without a further attempt: the record has them, and the rows do not.
import { describeError } from "../../telemetry/index.ts";
import { reportsEnd } from "../outcome/callback.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Ending } from "../types.ts";
import type { Conclusion } from "./conclusion.ts";

type Ports = Pick<ConsumerPorts, "records" | "log">;

/** Where the record cannot be read now, the callback has the status alone. */
export const withEarlierAnswers = (conclusions: readonly Conclusion[], ports: Ports): Promise<Conclusion[]> =>
  Promise.all(
    conclusions.map(async (conclusion) => ({
      ...conclusion,
      endings: await Promise.all(conclusion.endings.map((ending) => withAnswer(ending, ports))),
    })),
  );

async function withAnswer(ending: Ending, { records, log }: Ports): Promise<Ending> {
  const { delivery } = ending;
  const last = delivery.attempts.at(-1);
  const isAtHand = last !== undefined && (last.response_status === null || last.response_headers !== null);
  if (isAtHand || delivery.attempts_made === 0 || !reportsEnd(ending)) return ending;
  try {
    return { ...ending, delivery: await records.whole(delivery) };
  } catch (error) {
    log.error("answer not read", { delivery: delivery.id, error: describeError(error) });
    return ending;
  }
}
