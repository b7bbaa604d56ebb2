// Every number that shapes the code, with its unit and the reason for it.

/** Cloudflare Queues takes 128,000 bytes a message, about 100 of them its own. What remains is for head and encoding. */
export const MAX_MESSAGE_BYTES = 120_000;
/** Bodies up to 96 KB travel in the queue message; larger ones go to R2, where a write costs more than a queue operation. */
export const MAX_INLINE_BODY_BYTES = 96 * 1024;
/** Method, URL and headers of one request. Leaves room for an inline body in one message and one row. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** `sendBatch` takes 100 messages. */
export const MAX_SEND_BATCH_MESSAGES = 100;
/** A queue message can be delayed by at most 24 hours; longer waits are ours to hide. Seconds. */
export const MAX_QUEUE_DELAY_SECONDS = 86_400;

/** What a source accepts unless it says otherwise, and the most it may say. An isolate has 128 MB for all its requests. */
export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** A request to the management API is read whole into memory. Larger events come in at a source's URL. */
export const MAX_API_BODY_BYTES = 1024 * 1024;
/** The configuration as one document: records of each kind, and bytes. It is read, compared and written in one go. */
export const MAX_CONFIG_RECORDS = 1_000;
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** Faults that one answer names. */
export const MAX_NAMED_FAULTS = 100;
/** R2 wants at least 5 MiB in every part of a multipart upload but the last. */
export const MULTIPART_PART_BYTES = 5 * 1024 * 1024;
/** Of the body of a refused request, kept with the sample. */
export const REJECTED_BODY_HEAD_BYTES = 1024;
/** Samples kept per source and reason: the latest. One row holds them all. */
export const REJECTION_SAMPLES = 20;
/** Of a sample: so that 20 of them stay far below D1's 2 MB a row. */
export const MAX_SAMPLE_HEADERS = 40;
export const MAX_SAMPLE_HEADER_VALUE_LENGTH = 512;
export const MAX_SAMPLE_TEXT_LENGTH = 1024;
/** How often an isolate writes what it has refused. A few seconds' worth may be lost with it. */
export const REJECTION_FLUSH_MS = 2_000;
/** Sums by source, reason and hour, and samples, that an isolate keeps while D1 cannot be written. */
export const MAX_PENDING_REJECTION_KEYS = 1_000;
export const MAX_PENDING_SAMPLES = 200;
/** A source's configured answer. It lies in the route document, which every isolate keeps in memory. */
export const MAX_RESPONSE_BODY_BYTES = 16 * 1024;
/** How long the API says a secret that came in a handshake and has to be repeated to its provider by hand. */
export const LEARNED_SECRET_SECONDS = 3_600;

/** D1 takes a string of at most 2,000,000 bytes as a parameter; rows travel as one JSON parameter a statement. */
export const MAX_JSON_PARAMETER_BYTES = 1_500_000;

/** Requests that wait for response headers at a time in one invocation; the platform lets a seventh wait in line. */
export const MAX_OPEN_REQUESTS = 6;
/** An attempt may take 15 s by default and 300 s at most (an invocation has 15 minutes). Milliseconds. */
export const DEFAULT_TIMEOUT_MS = 15_000;
export const MAX_TIMEOUT_MS = 300_000;
/** Sends of a batch that have not started by then go to the slow lane. Milliseconds. */
export const BATCH_BUDGET_MS = 5_000;
/** The same in the slow lane, where nobody healthy waits behind it. */
export const SLOW_BATCH_BUDGET_MS = 30_000;
/** Mean duration of a destination's sends in one batch from which it counts as slow, and below which it has recovered. */
export const SLOW_LATENCY_MS = 5_000;
export const RECOVERED_LATENCY_MS = 2_000;
/** How long a consumer waits for a paced destination's next free time before it defers. Milliseconds. */
export const FIRST_ATTEMPT_HORIZON_MS = 500;
export const LATER_ATTEMPT_HORIZON_MS = 1_500;

/** Of a response, kept with the attempt. */
export const MAX_RESPONSE_EXCERPT_BYTES = 4 * 1024;
export const MAX_RESPONSE_HEADERS = 40;
export const MAX_RESPONSE_HEADER_BYTES = 512;
/** Of a response, sent on with a callback. */
export const MAX_CALLBACK_BODY_BYTES = 64 * 1024;
/** Callbacks to one host. A receiver of callbacks has no destination of its own to say what it can bear. */
export const CALLBACK_RATE = { limit: 50, period_seconds: 1 };
/** Attempts kept in a delivery's record; of more (manual retries) the oldest but the first give way. */
export const MAX_KEPT_ATTEMPTS = 50;

/** Attempts a policy may ask for. */
export const MAX_ATTEMPTS = 100;
export const MAX_RETRY_DELAY_SECONDS = 86_400;
/** A delivery older than this is dead whatever its schedule says. Ten default retries take 48 hours. */
export const DEFAULT_MAX_AGE_SECONDS = 7 * 86_400;
export const MAX_AGE_SECONDS = 30 * 86_400;
/** A connection may hold events back for up to 30 days. */
export const MAX_DELAY_SECONDS = 30 * 86_400;
/** What a `Retry-After` may ask for, at most. Seconds. */
export const MAX_RETRY_AFTER_SECONDS = 3_600;

/** A request with an `Idempotency-Key` that has not ended after this long has died; the next one takes its key over. */
export const IDEMPOTENCY_TAKEOVER_MS = 60_000;

/** Secrets that sign side by side, and former ones during their grace. Every signature is a line in one header. */
export const MAX_SIGNING_SECRETS = 5;
export const MAX_RETIRING_SECRETS = 10;
/** How long a rotated secret still signs. Seconds. */
export const DEFAULT_GRACE_SECONDS = 86_400;
export const MAX_GRACE_SECONDS = 7 * 86_400;
/** ed25519 needs the whole body at once; six such bodies in an isolate must leave room for the rest. */
export const MAX_ED25519_BODY_BYTES = 4 * 1024 * 1024;
/** What a queue holds at the most; above that it refuses. */
export const MAX_QUEUE_BACKLOG_BYTES = 25_000_000_000;
/** From which share of that on the source that fills it most is refused, and from which on all of them are. */
export const DEFAULT_BACKPRESSURE_SHARE = 0.6;
export const FULL_SHARE = 0.95;
/** After so long without news of the backlog one request goes through to ask. */
export const BACKLOG_PROBE_MS = 2_000;
/** What an isolate has taken in counts half as much after this long. */
export const INTAKE_HALF_LIFE_MS = 30_000;
/** What a sender is told to wait when the queue is filling up. Seconds. */
export const BACKPRESSURE_RETRY_SECONDS = 10;
/** Permits that an isolate leases at once from a source's limit. */
export const MAX_LEASE = 1_000;
/** How long the answer to a sender waits for its source's limit, and how long one that did not answer is left alone. */
export const LIMITER_WAIT_MS = 300;
export const LIMITER_REST_MS = 1_000;

/** A duplicate is looked for over at most seven days. */
export const MAX_DEDUPE_WINDOW_SECONDS = 7 * 86_400;
/** A key in a JSON body is read from bodies up to this size; the isolate has it in memory twice meanwhile. */
export const MAX_DEDUPE_BODY_BYTES = 1024 * 1024;
/** Objects that share a source's keys: each takes some hundreds of writes a second. */
export const DEDUPE_SHARDS = 8;
/** A key is kept longer than its window: an event may claim late, after a wait in the queue. */
export const DEDUPE_LATE_MS = 3_600_000;
/** Expired keys that an alarm removes at a time, and how often it comes. */
export const DEDUPE_CHUNK_ROWS = 1_000;
export const DEDUPE_ALARM_MS = 60_000;
/** How long the answer to a sender waits for the index; a consumer asks again, and waits longer. Milliseconds. */
export const DEDUPE_EDGE_WAIT_MS = 300;
export const DEDUPE_CONSUMER_WAIT_MS = 3_000;

/** What a timeout, or a 429 that names no time, waits at least before the next attempt. Milliseconds. */
export const OVERLOAD_BACKOFF_MS = 60_000;

/** What the platform takes in one outbound request: 16 KB of URL, 128 KB of headers. Receivers take less. */
export const MAX_OUTBOUND_URL_BYTES = 16 * 1024;
export const MAX_OUTBOUND_HEADER_BYTES = 64 * 1024;
/** A header value made from a template, at most. Characters. */
export const MAX_HEADER_VALUE_LENGTH = 4_096;
/** Sluices that a request may have gone through. More is a circle. */
export const MAX_HOPS = 5;

/** Events in one request to a destination that takes many at once. */
export const DEFAULT_BATCH_EVENTS = 100;
export const MAX_BATCH_EVENTS = 1_000;
/** Of such a request's body. ed25519 and most receivers want it whole; an invocation holds two of them, as text and as bytes. */
export const DEFAULT_BATCH_BYTES = 1024 * 1024;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** How long the first event of a batch waits for others. Seconds. */
export const DEFAULT_BATCH_WAIT_SECONDS = 5;
export const MAX_BATCH_WAIT_SECONDS = 3_600;
/** Requests of many events to one destination under way at a time in one invocation. */
export const MAX_OPEN_BATCHES = 2;
/** Bytes of events that one consumer takes in hand at a time to fill requests with. */
export const MAX_FLUSH_BYTES = 8 * 1024 * 1024;
/** Of the answer to a batch: a thousand results. */
export const MAX_BATCH_ANSWER_BYTES = 256 * 1024;
/** What all deliveries of a batch together keep of its one answer, and each at least. Bytes. */
export const MAX_BATCH_EXCERPT_BYTES = 512 * 1024;
export const MIN_BATCH_EXCERPT_BYTES = 256;
/** Ids that wait for a batch in one gate. What is more travels one by one. */
export const MAX_COLLECTED = 100_000;
/** Calls for full batches under way at a time, and how long one is believed to be. */
export const MAX_FLUSHES = 10;
export const FLUSH_LOST_MS = 60_000;

/** A DNS answer is used for as long as it says, within these bounds, and for an hour while the resolver cannot be reached. */
export const DNS_MIN_TTL_MS = 30_000;
export const DNS_MAX_TTL_MS = 300_000;
export const DNS_MAX_STALE_MS = 3_600_000;
export const DNS_TIMEOUT_MS = 3_000;
/** Names kept in one isolate's memory. */
export const MAX_CACHED_NAMES = 1_000;
/** How long a bare connection may take that tells why a request failed. Milliseconds. */
export const PROBE_TIMEOUT_MS = 2_000;

/** Records whose secrets a sweep seals anew in one step. */
export const RESEAL_CHUNK_ROWS = 50;

/** A token endpoint must answer within this time, and briefly. Milliseconds; bytes. */
export const TOKEN_TIMEOUT_MS = 10_000;
export const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
/** An access token is trusted for a day at the most. Seconds. */
export const MAX_TOKEN_LIFETIME_SECONDS = 86_400;
/** A token endpoint that failed is left alone for so long; a token younger than that is not replaced because of a 401. Milliseconds. */
export const TOKEN_RETRY_MS = 5_000;
export const MIN_TOKEN_AGE_MS = 5_000;
/** Access tokens kept in one isolate's memory. */
export const MAX_CACHED_TOKENS = 1_000;

/** How long an isolate trusts its copy of a route document; older ones are used once more while a new one is fetched. */
export const ROUTE_TTL_MS = 5_000;
/** How long a slug that does not exist is remembered as such. Short: the source may be created the next moment. */
export const ROUTE_MISS_TTL_MS = 2_000;
/** Route documents and misses kept in one isolate's memory. */
export const MAX_CACHED_ROUTES = 1_000;

/** After the sweep has put a delivery back, it leaves it alone for so long: a backlog must not be multiplied. */
export const SWEEP_REPEAT_MS = 10 * 60_000;
/** How often the last use of a token is written down. Milliseconds. */
export const TOKEN_USE_MS = 60_000;
/** Rows a sweep takes up in one statement; D1 wants fewer than about 1,000 modified rows in one. */
export const SWEEP_CHUNK_ROWS = 500;
/** Such statements that the end of a pause runs before it answers; the sweep takes the rest. */
export const RELEASE_CHUNKS = 8;
/** Entries of what waits that are looked at, and cancelled where what they wait for is gone, in one statement; and such statements in one go. */
export const CANCEL_CHUNK_ROWS = 500;
export const CANCEL_CHUNKS = 8;
/** Bulk replays: deliveries a second unless it is said otherwise, and at the most. */
export const DEFAULT_REPLAY_RATE = 50;
export const MAX_REPLAY_RATE = 500;
/** What a step of a run takes: so many seconds' worth, so many at the most; and how long those may last that go to a slow destination. */
export const PIECE_SECONDS = 5;
export const MAX_PIECE_DELIVERIES = 500;
export const MAX_PIECE_SECONDS = 60;
/** Entries that a step looks at in one statement, and such statements while nothing matches. */
export const PIECE_ENTRIES = 2_000;
export const MAX_PIECE_PAGES = 10;
/** Of a piece's deliveries, looked at to see whether most of it has gone. */
export const LATEST_DELIVERIES = 100;
/** When a run looks again whether its latest piece has gone. Milliseconds. */
export const REPLAY_WAIT_MS = 5_000;
/** Entries that a plan looks at, at the most: it counts exactly among those. */
export const MAX_PLANNED_ENTRIES = 25_000;
/** A sweep stops after this long; the next one goes on. Milliseconds. */
export const SWEEP_BUDGET_MS = 25_000;

/** How far a signed time may lie from ours, unless the source says otherwise; Standard Webhooks and most providers say 5 minutes. Seconds. */
export const DEFAULT_TOLERANCE_SECONDS = 300;
/** Amazon SNS: "the total policy retry time for an HTTP/S endpoint can't be greater than 3,600 seconds". */
export const SNS_TOLERANCE_SECONDS = 3_600;
/** A day: providers that sign a time once and retry for hours need it. */
export const MAX_TOLERANCE_SECONDS = 86_400;
/** Secrets of one source: each costs a MAC per request. Two are a rotation. */
export const MAX_VERIFICATION_SECRETS = 10;
export const MAX_ALLOWED_IPS = 200;

/** Deliveries that get new times in one statement, and such statements in one go: what is left travels on as a message. */
export const RESCHEDULE_CHUNK_ROWS = 500;
export const RESCHEDULE_CHUNKS = 4;
/** Who is due within this long comes anyway. Milliseconds. */
export const RESCHEDULE_MARGIN_MS = 1_000;
/** When to look again for deliveries that a consumer put off by the former limits while it had them in hand. Milliseconds. */
export const RESCHEDULE_AGAIN_MS = 30_000;
/** A connection's filter or transform as JSON. It lies in the route document, which every isolate keeps in memory. Bytes. */
export const MAX_FILTER_BYTES = 16 * 1024;
export const MAX_TRANSFORM_BYTES = 32 * 1024;
/** How deep a filter may nest, and how many clauses it may have. */
export const MAX_FILTER_DEPTH = 24;
export const MAX_FILTER_CLAUSES = 500;
/** Characters of a pattern, and instructions that it may compile to: matching takes text × instructions at worst. */
export const MAX_PATTERN_LENGTH = 512;
export const MAX_PATTERN_PROGRAM = 2_000;
/** Comparisons that one filter may make on one event. A 10 KB payload takes a few dozen; beyond this the event does not match. */
export const MAX_FILTER_STEPS = 1_000_000;
/** Arrays within arrays that a filter looks into, and levels that it compares. */
export const MAX_VALUE_DEPTH = 64;
/** Bodies that filters and transforms read. Larger ones pass through unread. */
export const MAX_READ_BODY_BYTES = 5 * 1024 * 1024;
/** Of the sentence that says which clause of a filter failed. Characters. */
export const MAX_CLAUSE_LENGTH = 240;
/** Connections that did not take an event, kept with it. */
export const MAX_KEPT_IGNORED = 50;
/** The same while D1 is down and the record travels in a queue message, beside a body of up to 96 KiB. */
export const MAX_SENT_IGNORED = 10;
/** Bodies that a batch reads from R2 at a time: each is in memory twice, as bytes and as values. */
export const MAX_OPEN_BODIES = 4;
/** Steps that one body expression may take: in a Worker the clock stands still while it computes, so steps are what there is to count. */
export const MAX_TRANSFORM_STEPS = 100_000;
/** Nested evaluations, and elements of one sequence. */
export const MAX_TRANSFORM_DEPTH = 500;
export const MAX_TRANSFORM_SEQUENCE = 100_000;
/** Any value on the way, in characters of JSON; a body that is read has 5 MiB at most. */
export const MAX_TRANSFORM_VALUE = 8 * 1024 * 1024;
/** What a transform may make of a body. Bytes. */
export const MAX_TRANSFORM_OUTPUT_BYTES = 1024 * 1024;
/** The expression itself, and a template. Characters. */
export const MAX_EXPRESSION_LENGTH = 16 * 1024;
export const MAX_TEMPLATE_LENGTH = 2_048;
/** How long counters are kept by the minute, by the hour and by the day. Milliseconds. */
export const MINUTES_KEPT_MS = 48 * 3_600_000;
export const HOURS_KEPT_MS = 90 * 86_400_000;
export const DAYS_KEPT_MS = 730 * 86_400_000;
/** An hour is added up when it is over for so long: whatever was counted in it is written by then. Milliseconds. */
export const COUNTER_SETTLE_MS = 10 * 60_000;
/** Buckets of one answer, and points of all its groups together. */
export const MAX_STATS_BUCKETS = 1_000;
export const MAX_STATS_POINTS = 5_000;
export const MAX_STATS_GROUPS = 50;
/** A D1 database takes no more. */
export const MAX_DATABASE_BYTES = 10_000_000_000;

/** Pages that may watch at once: each costs the feed a message per batch. */
export const MAX_WATCHERS = 200;
/** How long consumers tell the feed after they last heard that somebody watches. */
export const LIVE_LEASE_MS = 600_000;
/** What a consumer waits for the feed, per batch. */
export const LIVE_NOTIFY_WAIT_MS = 500;
/** Events of one piece of the books: the sweep goes through one each time, an answer through several. */
export const LEDGER_PIECE_EVENTS = 5_000;
export const MAX_LEDGER_PIECES = 20;
/** Differences that an answer names. */
export const MAX_LEDGER_DIFFERENCES = 100;

/** Alert rules of one deployment: each sweep looks at all of them. */
export const MAX_ALERTS = 100;
/** A rule looks back over a day at most. Seconds. */
export const MAX_ALERT_WINDOW_SECONDS = 86_400;
/** Windows up to this length are counted by the minute, longer ones by whole hours where they have been added up. Seconds. */
export const MINUTE_WINDOW_SECONDS = 7_200;
/** Entries of the index of all that waits that a sweep looks at for alerts; counts stop there. */
export const MAX_WAITING_COUNTED = 100_000;
/** Destinations that one reading tells apart. */
export const MAX_ALERT_ROWS = 1_000;
/** A receiver of alerts must answer within this time. Milliseconds. */
export const ALERT_TIMEOUT_MS = 10_000;
/** No notice is begun later in a sweep; the next one goes on. Milliseconds. */
export const ALERTS_BUDGET_MS = 20_000;
export const MAX_ALERT_URL_LENGTH = 2_048;
export const PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue";
