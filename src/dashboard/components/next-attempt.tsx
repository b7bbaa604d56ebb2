// When a delivery's next attempt is due. Behind an open circuit it is released once that closes; its own time is but a last resort.
import type { DeliveryShape } from "../shapes.ts";
import { Time } from "./time.tsx";

export const NextAttempt = ({ of }: { of: Pick<DeliveryShape, "deferred_by" | "next_attempt_at"> }) =>
  of.deferred_by === "circuit" && of.next_attempt_at !== null ? (
    <>when the circuit closes</>
  ) : (
    <Time at={of.next_attempt_at} kind="until" />
  );
