// The limits of a destination as its gate wants to hear them.
import type { DestinationSpec } from "../model/destination.ts";
import type { GateLimits } from "./protocol.ts";

export const limitsOf = ({
  rate_limit,
  max_concurrency,
  circuit,
  adaptive,
}: Pick<DestinationSpec, "rate_limit" | "max_concurrency" | "circuit" | "adaptive">): GateLimits => ({
  rate_limit,
  max_concurrency,
  circuit,
  adaptive,
});
