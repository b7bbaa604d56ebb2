// Removes the copies in R2 of events that are kept elsewhere by now.
import type { EventId } from "../../model/ids.ts";
import { describeError } from "../../telemetry/index.ts";
import type { ConsumerPorts } from "../ports.ts";
import type { Conclusion } from "./conclusion.ts";

/** A copy that stays behind is sent again, found on record and removed then. */
export async function forgetInR2(
  of: readonly Pick<Conclusion, "journal" | "first">[],
  ports: Pick<ConsumerPorts, "forgetJournal" | "log">,
): Promise<void> {
  const ids = of.flatMap(({ journal, first }): EventId[] =>
    journal === "r2" && first !== null ? [first.event.id] : [],
  );
  if (ids.length === 0) return;
  try {
    await ports.forgetJournal(ids);
  } catch (error) {
    ports.log.error("journal not cleared", { error: describeError(error) });
  }
}
