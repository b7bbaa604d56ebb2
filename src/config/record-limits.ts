// The numbers that bound what the record, its statistics, its lists and the sweep do, with unit and reason. All others are in limits.ts.

/** D1 accepts a string of at most 2,000,000 bytes as a parameter, and rows travel as one JSON parameter a statement. Bytes. */
export const MAX_JSON_PARAMETER_BYTES = 1_500_000;
/** When a D1 write is repeated after a passing fault. Milliseconds. */
export const D1_RETRY_WAITS_MS = [50, 250];
/** Records whose secrets a sweep reseals in one step. */
export const RESEAL_CHUNK_ROWS = 50;
/** Changed sources that a sweep publishes. */
export const PUBLISH_CHUNK = 50;
/** How long the sweep leaves a delivery alone after it has put it back: it must not multiply a backlog. Milliseconds. */
export const SWEEP_REPEAT_MS = 10 * 60_000;
/** Rows that the sweep changes in one statement, and rows that the statement examines. D1 wants fewer than about 1,000 changed rows. */
export const SWEEP_CHUNK_ROWS = 500;
export const SWEEP_SCAN_ROWS = 5_000;
/** Segments that the sweep removes in one statement: each may be as large as several hundred rows. */
export const SEGMENT_CHUNK_ROWS = 100;
/** Events that are shed in one step, besides those of segments, and bytes of either, about: a small limit must not be passed by far. */
export const SHED_CHUNK_EVENTS = 500;
export const SHED_CHUNK_BYTES = 500_000;
/** How far below its mark shedding ends: a share of the limit. */
export const SHED_SHARE = 0.05;
/** Younger history is not shed: its messages may come back until the longest invocation is over, and must be recognised. Milliseconds. */
export const MIN_SHED_AGE_MS = 15 * 60_000;
/** Objects set aside as unreadable that `GET /queues` names. */
export const MAX_NAMED_ASIDE = 20;
/** Keys of R2 that the sweep lists at a time: R2 deletes up to 1,000 objects in one call. */
export const OBJECT_PAGE_KEYS = 1_000;
/** Rows that one statement examines for the payload objects that they name, and names that the sweep holds in memory at a time: about 10 MB. */
export const NAMING_SCAN_ROWS = 20_000;
export const MAX_NAMED_PAYLOADS = 100_000;
/** Events that the sweep takes from the outbox at a time: whole bodies, so fewer than rows. */
export const OUTBOX_CHUNK = 100;
/** The longest pause between two tries to send an event of the outbox. Milliseconds. */
export const MAX_RESEND_WAIT_MS = 3_600_000;
/** Such statements that the end of a pause runs before it answers. The sweep does the rest. */
export const RELEASE_CHUNKS = 8;
/** Waiting deliveries that one statement examines after a deletion, and such statements in one invocation. */
export const CANCEL_CHUNK_ROWS = 500;
export const CANCEL_CHUNKS = 8;
/** Bulk replays: the default and the highest pace. Deliveries a second. */
export const DEFAULT_REPLAY_RATE = 50;
export const MAX_REPLAY_RATE = 500;
/** One step of a run: seconds' worth of its pace, deliveries at most, and how many seconds a slow destination's may last. */
export const PIECE_SECONDS = 5;
export const MAX_PIECE_DELIVERIES = 500;
export const MAX_PIECE_SECONDS = 60;
/** What a step examines at a time: index entries of rows; segments, most of which it need not decode; entries of those that may match. */
export const PIECE_SCAN = { rows: 2_000, segments: 250, entries: 2_000 };
/** Events that no connection took whose contents a step reads at a time, to match them with the connections of now. */
export const MAX_IGNORED_EVENTS = 100;
/** How often it does so while nothing matches. */
export const MAX_PIECE_PAGES = 10;
/** Deliveries of a piece that are examined to see whether most of it has been attempted. */
export const LATEST_DELIVERIES = 100;
/** When a run checks its latest piece again. Milliseconds. */
export const REPLAY_WAIT_MS = 5_000;
/** Index entries that a plan examines. Within these it counts exactly. */
export const MAX_PLANNED_ENTRIES = 25_000;
/** Events that no connection took whose contents a plan reads. Up to these it counts exactly. */
export const MAX_PLANNED_IGNORED = 500;
/** How often a plan examines as many segments as a step. */
export const MAX_PLANNED_WALKS = 20;
/** How long each job of a sweep goes on; the next sweep continues. In sum less than the minute between two sweeps. Milliseconds. */
/**
 * Where calls are counted, as on the free plan: how many must be left for a job to begin its next chunk, and after how many of its own it leaves
 * the rest to the next sweep. A sweep that finds nothing to do makes 45.
 */
export const SWEEP_CHUNK_CALLS = 10;
export const SWEEP_JOB_CALLS = 12;
export const SWEEP_BUDGETS_MS = {
  pending: 3_000,
  outbox_r2: 2_000,
  outbox: 7_000,
  resealed: 3_000,
  published: 2_000,
  copied: 500,
  released: 5_000,
  parked: 400,
  overdue: 7_000,
  replays: 1_000,
  ledger: 3_000,
  rolled_up: 3_000,
  alerts: 6_000,
  issues: 500,
  pruned: 4_500,
  shed: 4_000,
  rejections: 1_000,
  counters: 1_000,
  audit: 1_000,
  replays_gone: 1_000,
  keys: 1_000,
  orphans: 3_000,
};
/** How long after the time for a probe the sweep sends one, and after a release has shown life it sends another message for it. Milliseconds. */
export const PROBE_GRACE_MS = 30_000;
export const RELEASE_REPEAT_MS = 120_000;
/** Deliveries that one statement reschedules, and such statements in one invocation. A further message does the rest. */
export const RESCHEDULE_CHUNK_ROWS = 500;
export const RESCHEDULE_CHUNKS = 4;
/** Waiting deliveries of all destinations that one such statement examines. Their index holds the destination. */
export const RESCHEDULE_SCAN_ROWS = 20_000;
/** A delivery that is due within this long keeps its time. Milliseconds. */
export const RESCHEDULE_MARGIN_MS = 1_000;
/** When to look again for deliveries that a consumer deferred by the old limits meanwhile. Milliseconds. */
export const RESCHEDULE_AGAIN_MS = 30_000;
/** How long counters are kept by the minute, by the hour and by the day. Milliseconds. */
export const MINUTES_KEPT_MS = 48 * 3_600_000;
export const HOURS_KEPT_MS = 90 * 86_400_000;
export const DAYS_KEPT_MS = 730 * 86_400_000;
/** How long after its end an hour is added up: all its counts have been written by then. Milliseconds. */
export const COUNTER_SETTLE_MS = 10 * 60_000;
/** Buckets of one answer, points of all its groups together, and groups. */
export const MAX_STATS_BUCKETS = 1_000;
export const MAX_STATS_POINTS = 5_000;
export const MAX_STATS_GROUPS = 50;
/** Buckets of an answer whose interval was not asked for. */
export const FITTING_STATS_BUCKETS = 300;
/** Counters that one statement reads. */
export const COUNTER_PAGE_ROWS = 2_000;
/** Answers whose past an isolate remembers, and buckets of one such answer at most: some kilobytes each. */
export const REMEMBERED_STATS = 4;
export const MAX_REMEMBERED_BUCKETS = 2_000;
/** Types of events that are counted by name: of each source the first ones that come, and how long they may be, percent-encoded. Characters. */
export const MAX_COUNTED_TYPES = 50;
export const MAX_COUNTED_TYPE_LENGTH = 64;
/** Sources and destinations in the metrics, and dead letters that they count. */
export const MAX_METRIC_NAMES = 1_000;
export const MAX_METRIC_DEAD = 100_000;
/** Sources and reasons in one answer about refusals, those with most of them; and those with samples, the latest. */
export const MAX_REJECTION_COUNTS = 1_000;
export const MAX_SAMPLED_REASONS = 20;
/**
 * What one page of a list examines: rows where not every row matches (they are read twice, for what matches and for what was examined); rows of events
 * by their state, which follows from their deliveries, or by a search, which reads bodies; and segments.
 */
export const LIST_SCAN = { rows: 400, derived: 150, segments: 100 };
/** Entries, and bytes of payload, of the segments that one page takes; and what the last one of them has beyond these. */
export const MAX_PAGE_ENTRIES = 1_000;
/** Entries of a page with a filter: at least, and for each item of a larger page. */
export const MIN_PAGE_ENTRIES = 100;
export const ENTRIES_PER_ITEM = 20;
export const MAX_PAGE_PAYLOAD_BYTES = 1_000_000;
/** What is counted over time by filters that no counter has: rows, rows of events by their state, segments, and entries of these. */
export const COUNT_SCAN = { rows: 400, derived: 150, segments: 100, entries: 2_000 };
/** Payload objects that a page of events reads for their headers. R2 reads. */
export const MAX_PAGE_OBJECTS = 100;
/** The same for a search, and the events that it reads. */
export const MAX_SEARCHED_OBJECTS = 40;
export const MAX_SEARCHED_EVENTS = 200;
/** Payload objects that the health of a destination reads for first attempts. R2 reads. */
export const MAX_SAMPLED_OBJECTS = 20;
/** What one page of the audit log examines. */
export const AUDIT_SCAN_ROWS = 2_000;
/** Waiting deliveries that are examined to count those of one destination. */
export const BACKLOG_SCAN_ROWS = 100_000;
/** Destinations whose health a consumer reads with each batch. */
export const MAX_DESTINATION_STATES = 5_000;
/** The largest D1 database. Bytes. */
export const MAX_DATABASE_BYTES = 10_000_000_000;
/** Events of one piece of the ledger: a sweep checks one piece, an answer several. */
export const LEDGER_PIECE_EVENTS = 5_000;
export const MAX_LEDGER_PIECES = 20;
/** Segments of one piece, each of which may hold a single event. */
export const LEDGER_PIECE_SEGMENTS = 5_000;
/** Differences that one answer names. */
export const MAX_LEDGER_DIFFERENCES = 100;
/** Events that one piece names as different, and deliveries examined for each event, on average, to find those without one. */
export const MAX_DIFFERING_EVENTS = 100;
export const LEDGER_DELIVERIES_PER_EVENT = 20;
/** Events that one sweep repairs. Each may read a body and its routes. */
export const MAX_LEDGER_REPAIRS = 50;
/** Events without rows that are sought in segments at a time. */
export const RESTORE_CHUNK_EVENTS = 100;
/** Time between the first and the last id of a segment: what must be searched for one id. Milliseconds. */
export const SEGMENT_SPAN_MS = 5_000;
/** Entries and payload of a segment before they are deflated: a row of D1 has at most 2 MB. Bytes. */
export const MAX_SEGMENT_BYTES = 500_000;
/** Entries that are decoded: more than any segment has. Bytes. */
export const MAX_ENTRIES_BYTES = 8_000_000;
/** A piece that is inflated: the largest inline body with its headers and answers, and room. Bytes. */
export const MAX_PIECE_BYTES = 4_000_000;
/** Pieces of a batch that stay in D1 together: a PUT to R2 costs as much as storing about 13 KB in D1 for 14 days. Bytes. */
export const MAX_INLINE_PAYLOAD_BYTES = 8_192;
/** From this share of D1 on, all pieces go to R2. */
export const INLINE_PAYLOAD_SHARE = 0.5;
/** Events whose ids are of the same slot are recorded in the same database. Longer than a segment spans. Milliseconds. */
export const RECORD_SLOT_MS = 10_000;
/** What one object under `pending/` holds before the next one begins, and what is inflated of one: a single event may come with many callbacks. Bytes. */
export const MAX_PENDING_BYTES = 2_000_000;
export const MAX_READ_PENDING_BYTES = 32_000_000;
/** Events and later attempts that are recorded in one transaction from such objects. */
export const PENDING_CHUNK = 100;
/** Keys of them that the sweep lists at a time. */
export const PENDING_PAGE_KEYS = 1_000;
/** How often a message names an object that cannot be recorded before that is set aside: 20 minutes, with the waits between. */
export const MAX_PENDING_TRIES = 8;
/** Issues of a destination, besides the one for all further causes; and in one database, from which on all new causes count as further ones. */
export const MAX_ISSUES_PER_DESTINATION = 20;
export const MAX_ISSUES = 1_000;
/** Issues that one answer reads: those, and one for further causes of each destination. */
export const MAX_LISTED_ISSUES = 2_000;
/** How long an issue must have been without a failure before it closes by itself, and how often the sweep looks for such ones. Milliseconds. */
export const ISSUE_QUIET_MS = 30 * 60_000;
export const ISSUE_CHECK_MS = 5 * 60_000;
/** Dead letters of one destination among which an issue's are counted, and counters in which a check looks for successes. */
export const ISSUE_CHECK = { dead: 1_000, counters: 20_000 };
/** Stored events that a preview runs a filter or a transform on, how many of them it reads at a time, and how often it reads while few match. */
export const MAX_PREVIEW_EVENTS = 200;
export const PREVIEW_PAGE = 50;
export const MAX_PREVIEW_PAGES = 20;
/** Bodies that a preview holds in sum, and the largest that it reads. Bytes. */
export const MAX_PREVIEW_BYTES = 16 * 1024 * 1024;
export const MAX_PREVIEW_BODY_BYTES = 1024 * 1024;
/** When a preview begins no further page. Milliseconds. */
export const PREVIEW_BUDGET_MS = 5_000;
/** Events that a preview names, and those that it shows a difference of. */
export const MAX_PREVIEW_NAMED = 50;
export const MAX_PREVIEW_DIFFS = 20;
/** Lines of a request that are compared, their length, and lines of the difference. The product of the first with itself is a bound on its work. */
export const MAX_DIFFED_LINES = 300;
export const MAX_DIFFED_LINE_LENGTH = 300;
export const MAX_DIFF_LINES = 60;
/** Counters of minutes, the latest ones, and totals that health is judged by; destinations or sources that one list puts in its order. */
export const MAX_JUDGED_COUNTERS = 1_000;
export const MAX_JUDGED = 500;
/** Up to how many dead letters of one destination a list counts, and of all destinations the overview. */
export const MAX_LISTED_DEAD = 50;
export const MAX_COUNTED_DEAD = 500;
/** Sources that refused most within a day, whose accepted requests of that day are read too: a look-up for each hour. */
export const MAX_REFUSING = 20;
