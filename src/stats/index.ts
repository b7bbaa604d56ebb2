export {
  addCounts,
  CALLBACKS,
  countedDestination,
  deliveryCounts,
  eventCounts,
  OTHER_TYPES,
  typeCount,
  type Counts,
} from "./counts.ts";
export { figures, type Figures } from "./figures.ts";
export { parseInterval, statsRange, splitRange, type RollMarks, type StatsRange, type Stretch } from "./range.ts";
export { exposition } from "./exposition.ts";
export { metricFamilies, type Total } from "./metrics.ts";
export { addLedgerRows, ledgerBalance, type LedgerRow, type Difference } from "./ledger.ts";
export { Adder, NO_SUMS, type BucketCounts, type Sums } from "./sums.ts";
