// A destination's limits in the form that its gate takes.
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
