// The data for measuring lists: events with two deliveries each, most of them delivered, from one busy source to one busy destination, and very
// few of any other kind. SQL only, so that a million rows take seconds.

/** Maximum rows that one page of a list reads: two scans of 1,000 entries, and the page's rows, which are looked up one by one. */
export const BOUND_ROWS = 2_500;

/** The digits of an id that nothing has. */
const NOBODY = "0".repeat(26);

export const SEEDED = {
  source: "src_01m800000000000000000000aa",
  rareSource: "src_01m800000000000000000000ab",
  destination: "dst_01m800000000000000000000aa",
  rareDestination: "dst_01m800000000000000000000ab",
} as const;
/** The types of events: nearly all are of the first one. */
const [TYPE, RARE_TYPE] = ["order.paid", "order.refunded"];
const TYPE_SQL = `iif(n % 8209 = 0, '${RARE_TYPE}', '${TYPE}')`;

export const FIRST_AT = Date.UTC(2026, 10, 24);
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** One in this many deliveries has this status; the others are delivered. Some have their own source or destination. */
const STATUS = `CASE WHEN n % 9973 = 0 THEN 'dead' WHEN n % 4001 = 0 THEN 'held' WHEN n % 4003 = 0 THEN 'retrying' WHEN n % 4007 = 0 THEN 'deferred'
  WHEN n % 4013 = 0 THEN 'pending' WHEN n % 4019 = 0 THEN 'scheduled' WHEN n % 4021 = 0 THEN 'cancelled' ELSE 'delivered' END`;

/** A time in base 32, as ids begin. @param ms an SQL expression */
export const digits = (ms: string): string =>
  Array.from({ length: 10 }, (_, index) => `substr('${ALPHABET}', ((${ms}) >> ${5 * (9 - index)}) % 32 + 1, 1)`).join(
    " || ",
  );

/** Time of event `n`: one every 10 ms. */
const suffix = `${digits(`${FIRST_AT} + n * 10`)} || printf('%022d', n)`;

/** Events with a delivery that waits or is dead, by their number: these have rows, whatever the others have. */
const UNFINISHED = [9973, 4001, 4003, 4007, 4013, 4019];
export const isUnfinished = (n: number): boolean => n % 5003 !== 0 && UNFINISHED.some((every) => n % every === 0);
export const HAS_ROWS = `n % 5003 <> 0 AND (${UNFINISHED.map((every) => `n % ${every} = 0`).join(" OR ")})`;

/**
 * @param events number of events; there are twice as many deliveries
 * @param chunk events per statement
 * @param where which of them: an SQL condition on their number `n`
 */
export function* seedStatements(events: number, chunk: number, where = "true"): Generator<string> {
  for (let from = 1; from <= events; from += chunk) {
    const numbers = `WITH RECURSIVE numbers(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${Math.min(events, from + chunk - 1)})`;
    yield `INSERT INTO events (id, source_id, received_at, method, path, query, headers, body, body_encoding, body_bytes, matched, event_type)
      ${numbers} SELECT 'evt_' || ${suffix}, iif(n % 8191 = 0, '${SEEDED.rareSource}', '${SEEDED.source}'), ${FIRST_AT} + n * 10, 'POST', '', '',
        '[["content-type","application/json"]]', '{}', 'utf8', 2, 2, ${TYPE_SQL} FROM numbers WHERE ${where}`;
    for (const way of [0, 1]) {
      yield `INSERT INTO deliveries (id, source_id, connection_id, destination_id, status, attempts_made, next_attempt_at, deferrals, attempts, created_at, finished_at, age_credit_ms, event_type)
        ${numbers} SELECT 'dlv_' || ${suffix} || '000000000${way}', iif(n % 8191 = 0, '${SEEDED.rareSource}', '${SEEDED.source}'),
          'con_01m80000000000000000000000${way}', iif(n % 6007 = 0 OR n % 9973 = 0 AND n % 2 = 0, '${SEEDED.rareDestination}', '${SEEDED.destination}'),
          ${way === 0 ? STATUS : "iif(n % 4021 = 0, 'cancelled', 'delivered')"}, 1, ${FIRST_AT} + n, 0, '[]', ${FIRST_AT} + n * 10, ${FIRST_AT} + n * 10 + 50, 0, ${TYPE_SQL}
        FROM numbers WHERE n % 5003 <> 0 AND (${where})`;
    }
  }
}

const [source, rareSource, destination, rareDestination] = Object.values(SEEDED);
const statuses = ["scheduled", "pending", "deferred", "retrying", "held", "delivered", "dead", "cancelled"];

/** Queries, and the number of records each must find. */
export const DELIVERY_QUERIES: readonly { readonly query: string; readonly where: string }[] = [
  { query: "", where: "true" },
  ...statuses.map((status) => ({ query: `status=${status}`, where: `status = '${status}'` })),
  { query: `source=${source}`, where: `source_id = '${source}'` },
  { query: `source=${rareSource}`, where: `source_id = '${rareSource}'` },
  { query: `source=src_${NOBODY}`, where: "false" },
  { query: `destination=${destination}`, where: `destination_id = '${destination}'` },
  { query: `destination=${rareDestination}`, where: `destination_id = '${rareDestination}'` },
  { query: `destination=dst_${NOBODY}`, where: "false" },
  { query: `type=${TYPE}`, where: `event_type = '${TYPE}'` },
  { query: `type=${RARE_TYPE}`, where: `event_type = '${RARE_TYPE}'` },
  { query: "type=none", where: "false" },
  { query: `status=dead&type=${TYPE}`, where: `status = 'dead' AND event_type = '${TYPE}'` },
  ...["dead", "held", "retrying", "delivered"].flatMap((status) => [
    {
      query: `status=${status}&destination=${rareDestination}`,
      where: `status = '${status}' AND destination_id = '${rareDestination}'`,
    },
    { query: `status=${status}&source=${rareSource}`, where: `status = '${status}' AND source_id = '${rareSource}'` },
    {
      query: `status=${status}&destination=${rareDestination}&source=${rareSource}`,
      where: `status = '${status}' AND destination_id = '${rareDestination}' AND source_id = '${rareSource}'`,
    },
  ]),
  {
    query: "from=2026-11-24T00:00:10Z&to=2026-11-24T00:00:20Z",
    where: `created_at >= ${FIRST_AT + 10_000} AND created_at < ${FIRST_AT + 20_000}`,
  },
  {
    query: `status=dead&from=2026-11-24T00:01:00Z&source=${source}`,
    where: `status = 'dead' AND created_at >= ${FIRST_AT + 60_000} AND source_id = '${source}'`,
  },
];

/** Null if the status is derived: then only the limit is checked. */
export const EVENT_QUERIES: readonly { readonly query: string; readonly where: string | null }[] = [
  { query: "", where: "true" },
  { query: `source=${source}`, where: `source_id = '${source}'` },
  { query: `source=${rareSource}`, where: `source_id = '${rareSource}'` },
  { query: `source=src_${NOBODY}`, where: "false" },
  { query: `type=${TYPE}`, where: `event_type = '${TYPE}'` },
  { query: `type=${RARE_TYPE}`, where: `event_type = '${RARE_TYPE}'` },
  { query: "type=none", where: "false" },
  ...["accepted", "in_progress", "delivered", "dead", "ignored", "cancelled"].map((status) => ({
    query: `status=${status}`,
    where: null,
  })),
  { query: `status=dead&source=${rareSource}`, where: null },
  {
    query: "from=2026-11-24T00:00:10Z&to=2026-11-24T00:00:20Z",
    where: `received_at >= ${FIRST_AT + 10_000} AND received_at < ${FIRST_AT + 20_000}`,
  },
];
