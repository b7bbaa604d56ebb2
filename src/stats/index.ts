export {
  addCounts,
  CALLBACKS,
  countedDestination,
  deliveryCounts,
  eventCounts,
  histogramOf,
  type Counts,
} from "./counts.ts";
export { figures, type Figures } from "./figures.ts";
export { MAX_ERROR_FACTOR, quantile } from "./histogram.ts";
export { parseInterval, statsRange, stretchesOf, type RollMarks, type StatsRange } from "./range.ts";
export { exposition } from "./exposition.ts";
export { familiesOf, type Total } from "./metrics.ts";
export { addBooks, balanceOf, type BookRow, type Difference } from "./ledger.ts";
