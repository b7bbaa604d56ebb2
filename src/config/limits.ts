// Every number that shapes the code, with its unit and its reason.

/**
 * Subrequests, and queries of D1, of one invocation on the free plan: https://developers.cloudflare.com/workers/platform/limits/ and
 * https://developers.cloudflare.com/d1/platform/limits/. The second number is kept for recording what the others have done.
 */
export const FREE_CALLS = 50;
export const RECORDING_CALLS = 15;

/** Cloudflare Queues accepts 128,000 bytes a message, about 100 of them its own metadata. Encoded as structured clone. Bytes. */
export const MAX_MESSAGE_BYTES = 127_000;
export const MESSAGE_METADATA_BYTES = 100;
/** Bodies up to 96 KB travel in the queue message. Larger ones go to R2, where a write costs more than a queue operation. Bytes. */
export const MAX_INLINE_BODY_BYTES = 96 * 1024;
/** Method, URL and headers of one request. Leaves room for an inline body in one message and in one row. Bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** The longest wait before a message that cannot be processed now comes back. Seconds. */
export const MAX_MESSAGE_WAIT_SECONDS = 600;
/** The queue of dead letters deletes a message after 100 retries; the retries beyond this are left for a queue that refuses it. */
export const MAX_DEAD_LETTER_ATTEMPTS = 90;
/** After the first number of interruptions a delivery is processed alone; after the second it is dead. */
export const ALONE_AFTER_INTERRUPTIONS = 3;
export const DEAD_AFTER_INTERRUPTIONS = 5;
/** How long one invocation goes on taking deliveries alone, one after the other. Milliseconds. */
export const ALONE_BUDGET_MS = 60_000;
/** `sendBatch` accepts 100 messages and 256,000 bytes. Bytes as encoded. */
export const MAX_SEND_BATCH_MESSAGES = 100;
export const MAX_SEND_BATCH_BYTES = 240_000;
/** A queue message can be delayed by at most 24 hours. A longer wait takes several messages. Seconds. */
export const MAX_QUEUE_DELAY_SECONDS = 86_400;
/** The message of a delivery that waits for its slot comes this much earlier: it first waits for a fuller batch, then in the consumer. Milliseconds. */
export const SLOT_LEAD_MS = 2_000;
/** A delivery may be claimed this much before its time: the lead, and what the clocks of two machines differ by. Milliseconds. */
export const EARLY_MS = SLOT_LEAD_MS + 500;
/** A call for a full batch may come this much before its time. Milliseconds. */
export const FLUSH_EARLY_MS = 1_000;

/** The largest body of a source by default, and the largest that can be configured. An isolate has 128 MB for all its requests. Bytes. */
export const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 25 * 1024 * 1024;
/** A request to the management API is read into memory as a whole. Larger events come in at a source's URL. Bytes. */
export const MAX_API_BODY_BYTES = 1024 * 1024;
/** The configuration as one document: records of each kind, and bytes. It is read, compared and written as a whole. */
export const MAX_CONFIG_RECORDS = 1_000;
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** Invalid fields that one answer names. */
export const MAX_NAMED_FAULTS = 100;
/** Refused requests that an isolate logs one by one in a minute; the rest is counted. */
export const REFUSAL_LINES_PER_MINUTE = 60;
/** Bodies of an announced length up to this are not counted against the budget: a thousand of them take 16 MB. */
export const MAX_UNCOUNTED_BODY_BYTES = 16 * 1024;
/** Bytes of bodies that an isolate (128 MB) holds while it reads, checks and stores them; each is copied up to twice on its way. */
export const MAX_HELD_BODY_BYTES = 32 * 1024 * 1024;
/**
 * How much of a body that is too large is thrown away, and for how long, so that its sender reads the answer. Bytes and milliseconds. A larger one is
 * cut off: no sender posts so much by mistake.
 */
export const MAX_DISCARDED_BYTES = 32 * 1024 * 1024;
export const MAX_DISCARD_MS = 5_000;
/** Senders of an isolate whose bodies are thrown away at a time: 200 of them took 45 MB more than cutting them off. */
export const MAX_DISCARDED_SENDERS = 200;
/** A sender that has sent nothing for so long waits for the answer. Milliseconds. */
export const DISCARD_IDLE_MS = 500;
/** How fast a body must arrive: it has these milliseconds, and a second more for each of these bytes. A server's link is faster by far. */
export const BODY_GRACE_MS = 15_000;
export const MIN_BODY_BYTES_PER_SECOND = 64 * 1024;
/** R2 wants at least 5 MiB in every part of a multipart upload but the last. Bytes. */
export const MULTIPART_PART_BYTES = 5 * 1024 * 1024;
/** The part of a refused request's body that its sample keeps. Bytes. */
export const REJECTED_BODY_HEAD_BYTES = 1024;
/** Samples kept per source and reason, the latest ones. One row holds them all. */
export const REJECTION_SAMPLES = 20;
/** Parts of one sample, so that 20 of them stay far below D1's 2 MB a row. Lengths in characters. */
export const MAX_SAMPLE_HEADERS = 40;
export const MAX_SAMPLE_HEADER_VALUE_LENGTH = 512;
export const MAX_SAMPLE_TEXT_LENGTH = 1024;
/** How often an isolate records what it has refused. An isolate that ends loses as much. Milliseconds. */
export const REJECTION_FLUSH_MS = 2_000;
/** Sums by source, reason and hour, and samples, that an isolate keeps in memory while D1 cannot be written. */
export const MAX_PENDING_REJECTION_KEYS = 1_000;
export const MAX_PENDING_SAMPLES = 200;
/** A source's configured response. It is part of the route document, which every isolate keeps in memory. Bytes. */
export const MAX_RESPONSE_BODY_BYTES = 16 * 1024;
/** How long the API returns a secret that came in a handshake and must be repeated to its provider by hand. Seconds. */
export const LEARNED_SECRET_SECONDS = 3_600;
/** How long the confirmation of a handshake may take: its provider waits for our answer meanwhile. Milliseconds. */
export const CONFIRM_TIMEOUT_MS = 5_000;

/** Requests that wait for response headers at a time in one invocation. The platform makes a seventh wait. */
export const MAX_OPEN_REQUESTS = 6;
/** An attempt may take 15 s by default and 300 s at most, as an invocation has 15 minutes. Milliseconds. */
export const DEFAULT_TIMEOUT_MS = 15_000;
export const MAX_TIMEOUT_MS = 300_000;
/** The body that a mock destination answers with: as much as an attempt keeps. Bytes. */
export const MAX_MOCK_BODY_BYTES = 4_096;
/** A first attempt that has not started by then moves on to a small batch, and a later one of a slow destination to the slow lane. Milliseconds. */
export const START_WITHIN_MS = 1_000;
/** How long later attempts of a quick destination may be started beside those of others. Milliseconds. */
export const BATCH_BUDGET_MS = 5_000;
/** The same for a destination alone in its batch, and in lanes of small batches: no other waits behind it. Milliseconds. */
export const LONG_BATCH_BUDGET_MS = 15_000;
/** A destination whose answers take less counts as quick: half of the connections are kept for such destinations. Milliseconds. */
export const QUICK_ANSWER_MS = 1_000;
/** When answers take longer, a hundred requests take one invocation's connections too long: what returns for its slot travels in small batches. Milliseconds. */
export const SMALL_BATCH_ANSWER_MS = 200;
/** A destination whose sends take at least the first moves to the slow lane; below the second it moves back. Milliseconds. */
export const SLOW_LATENCY_MS = 3_000;
export const RECOVERED_LATENCY_MS = 2_000;
/** Destinations whose answer times an isolate remembers. */
export const MAX_KNOWN_ANSWER_TIMES = 10_000;
/** How far ahead a consumer accepts a permit before its delivery is deferred. Milliseconds. */
export const FIRST_ATTEMPT_HORIZON_MS = 1_500;
export const LATER_ATTEMPT_HORIZON_MS = 10_000;
/** How long a consumer waits for a gate's answer. A gate that takes longer defers its own destination and no other. Milliseconds. */
export const GATE_WAIT_MS = 1_000;
/** What a gate's answer usually takes at most: until then no permit expires. Milliseconds. */
export const GATE_ANSWER_MS = 250;
/** The same bounds in the slow lane, where a destination whose gate took too long waits for it. Milliseconds. */
export const SLOW_GATE_WAIT_MS = 10_000;
/** How long a consumer may hold a delivery, in addition to the destination's timeout. Milliseconds. */
export const HOLD_MS = LONG_BATCH_BUDGET_MS + LATER_ATTEMPT_HORIZON_MS + 15_000;
/** How long after its permit has expired a send may still start. Milliseconds. */
export const PERMIT_GRACE_MS = 50;

/** Parts of a response that are kept with the attempt. */
export const MAX_RESPONSE_EXCERPT_BYTES = 4 * 1024;
/** How long a successful response's body is awaited: it decides nothing, and an endless one would occupy the connection until the timeout. */
export const BODY_OF_SUCCESS_WAIT_MS = 2_000;
export const MAX_RESPONSE_HEADERS = 40;
export const MAX_RESPONSE_HEADER_BYTES = 512;
/** The part of a response that is sent with a callback. Bytes. */
export const MAX_CALLBACK_BODY_BYTES = 64 * 1024;
/** Callbacks to one host. Their receiver has no destination of its own with a configured pace. */
export const CALLBACK_RATE = { limit: 50, period_seconds: 1 };
/** Attempts kept in a delivery's record. Beyond that (after manual retries) the oldest are dropped, except for the first. */
export const MAX_KEPT_ATTEMPTS = 50;

/** The most attempts, and the longest delay, that a retry policy can have. */
export const MAX_ATTEMPTS = 100;
export const MAX_RETRY_DELAY_SECONDS = 86_400;
/** A delivery older than this is dead, whatever its schedule says. Ten retries by default take 48 hours. Seconds. */
export const DEFAULT_MAX_AGE_SECONDS = 7 * 86_400;
export const MAX_AGE_SECONDS = 30 * 86_400;
/** How long a delivery waits whose configuration only a newer release can read. Milliseconds. */
export const UNREADABLE_WAIT_MS = 300_000;
/** A connection can hold events back for up to 30 days. Seconds. */
export const MAX_DELAY_SECONDS = 30 * 86_400;
/** The longest `Retry-After` that is honored. Seconds. */
export const MAX_RETRY_AFTER_SECONDS = 3_600;

/** A request with an `Idempotency-Key` that has run for this long counts as failed, and the next one takes over its key. Milliseconds. */
export const IDEMPOTENCY_TAKEOVER_MS = 60_000;

/** Secrets that sign side by side, and rotated ones within their grace period. Each adds a signature to one header. */
export const MAX_SIGNING_SECRETS = 5;
export const MAX_RETIRING_SECRETS = 10;
/** How long a rotated secret still signs. Seconds. */
export const DEFAULT_GRACE_SECONDS = 86_400;
export const MAX_GRACE_SECONDS = 7 * 86_400;
/** ed25519 needs the whole body at once, and six such bodies in an isolate must leave room for the rest. Bytes. */
export const MAX_ED25519_BODY_BYTES = 4 * 1024 * 1024;
/** The backlog at which a queue refuses messages. Bytes. */
export const MAX_QUEUE_BACKLOG_BYTES = 25_000_000_000;
/** Above the first share of that, the source that fills the queue most is refused; above the second, all sources are. */
export const DEFAULT_BACKPRESSURE_SHARE = 0.6;
export const FULL_SHARE = 0.95;
/** After this long without news of the backlog, one request goes through to learn it. Milliseconds. */
export const BACKLOG_PROBE_MS = 2_000;
/** After this time, an isolate counts only half of the bytes that it accepted. Milliseconds. */
export const INTAKE_HALF_LIFE_MS = 30_000;
/** Events that an isolate puts into the outbox in a minute, by the queue's fault. Beyond that the sender gets 429: D1 takes no flood. */
export const SPILLED_PER_MINUTE = { overloaded: 60, full: 60, too_large: 600, unavailable: 600 };
/** The `Retry-After` while the queue fills up or takes no more. Seconds. */
export const BACKPRESSURE_RETRY_SECONDS = 10;
/** How often an isolate asks whether the record is full, how long the sweep's word counts, and the `Retry-After` while it is. */
export const RECORD_FULL_ASK_MS = 60_000;
export const RECORD_FULL_KEPT_SECONDS = 600;
export const RECORD_FULL_RETRY_SECONDS = 60;
/** Permits that an isolate leases at once from a source's limit. */
export const MAX_LEASE = 1_000;
/** How long a request waits for its source's limit, and how long a limit that has not answered is not asked again. Milliseconds. */
export const LIMITER_WAIT_MS = 300;
export const LIMITER_REST_MS = 1_000;

/** Duplicates are detected within at most seven days. Seconds. */
export const MAX_DEDUPE_WINDOW_SECONDS = 7 * 86_400;
/** Bodies whose verification needs all of them at once: JSON with a proof inside, public-key signatures. No such sender posts more than 256 KB. */
export const MAX_WHOLE_BODY_BYTES = 1024 * 1024;
/** Larger JSON bodies are not searched for a key: the isolate would hold them in memory twice. Bytes. */
export const MAX_DEDUPE_BODY_BYTES = 1024 * 1024;
/** Objects that share a source's keys. Each handles some hundreds of writes a second. */
export const DEDUPE_SHARDS = 8;
/** A key is kept longer than its window, because an event may claim it late, after a wait in the queue. Milliseconds. */
export const DEDUPE_LATE_MS = 3_600_000;
/** Expired keys that an alarm removes at a time, and how often it runs. */
export const DEDUPE_CHUNK_ROWS = 1_000;
export const DEDUPE_ALARM_MS = 60_000;
/** How long a request waits for the index. A consumer asks again and waits longer. Milliseconds. */
export const DEDUPE_EDGE_WAIT_MS = 300;
export const DEDUPE_CONSUMER_WAIT_MS = 3_000;

/** The shortest wait after a timeout, or after a 429 without a time. Milliseconds. */
export const OVERLOAD_BACKOFF_MS = 60_000;

/** The platform allows 16 KB of URL and 128 KB of headers in an outbound request; receivers allow less. Bytes. */
export const MAX_OUTBOUND_URL_BYTES = 16 * 1024;
export const MAX_OUTBOUND_HEADER_BYTES = 64 * 1024;
/**
 * The largest body of a message. A client of a broker has it in memory, some of them twice; brokers may take less. SQS takes 1 MiB with all
 * attributes, Cloudflare Queues 128 KB. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html,
 * https://developers.cloudflare.com/queues/platform/limits/. Bytes.
 */
export const MAX_MESSAGE_BODY_BYTES = 4 * 1024 * 1024;
export const MAX_SQS_MESSAGE_BYTES = 1024 * 1024;
export const MAX_QUEUE_MESSAGE_BYTES = 128_000;
/** Messages that wait for a broker's confirmation at a time, on one connection. */
export const MAX_OPEN_MESSAGES = 100;
/** How long it usually takes to connect to a broker: the permits of a batch begin after it, so that the first messages keep their pace. Milliseconds. */
export const BROKER_CONNECT_MS = 500;
/** How long a broker that refuses a connection, or throttles, is left alone. Milliseconds. */
export const BROKER_PAUSE_MS = 5_000;
/** How long an orderly end of a connection may take before its socket is destroyed. Milliseconds. */
export const BROKER_CLOSE_MS = 1_000;
/** The longest header value that a template can produce. Characters. */
export const MAX_HEADER_VALUE_LENGTH = 4_096;
/** Instances of Sluice that a request may have passed through. More means a loop. */
export const MAX_HOPS = 5;

/** Events in one request to a destination that takes many at once. */
export const DEFAULT_BATCH_EVENTS = 100;
export const MAX_BATCH_EVENTS = 1_000;
/** The body of such a request. Signing it with ed25519 takes all of it at once, and an invocation holds two, as text and as bytes. Bytes. */
export const DEFAULT_BATCH_BYTES = 1024 * 1024;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** How long the first event of a batch waits for others. Seconds. */
export const DEFAULT_BATCH_WAIT_SECONDS = 5;
export const MAX_BATCH_WAIT_SECONDS = 3_600;
/** Such requests to one destination that one invocation has under way at a time. */
export const MAX_OPEN_BATCHES = 2;
/** Events that one consumer loads at a time to fill such requests. Bytes. */
export const MAX_FLUSH_BYTES = 8 * 1024 * 1024;
/** The response to such a request: a thousand results. Bytes. */
export const MAX_BATCH_ANSWER_BYTES = 256 * 1024;
/** What all deliveries of such a request together keep of its response, and each at least. Bytes. */
export const MAX_BATCH_EXCERPT_BYTES = 512 * 1024;
export const MIN_BATCH_EXCERPT_BYTES = 256;
/** Ids that wait for a batch in one gate. Beyond that, events travel one by one. */
export const MAX_COLLECTED = 100_000;
/** Calls for full batches under way at a time, and how long one counts as under way. */
export const MAX_FLUSHES = 10;
export const FLUSH_LOST_MS = 60_000;

/** A DNS answer is used for its own lifetime within these bounds, and for an hour while no resolver can be reached. Milliseconds. */
export const DNS_MIN_TTL_MS = 30_000;
export const DNS_MAX_TTL_MS = 300_000;
export const DNS_MAX_STALE_MS = 3_600_000;
export const DNS_TIMEOUT_MS = 3_000;
/** Names kept in one isolate's memory. */
export const MAX_CACHED_NAMES = 1_000;
/** How long a bare connection may take that finds out why a request failed. Milliseconds. */
export const PROBE_TIMEOUT_MS = 2_000;

/** How long a token endpoint may take to answer, and how long its answer may be. Milliseconds; bytes. */
export const TOKEN_TIMEOUT_MS = 10_000;
export const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
/** An access token is used for a day at most, whatever its server says. Seconds. */
export const MAX_TOKEN_LIFETIME_SECONDS = 86_400;
/** A token endpoint that failed is not asked again for this long. A token younger than the second is not replaced after a 401. Milliseconds. */
export const TOKEN_RETRY_MS = 5_000;
export const MIN_TOKEN_AGE_MS = 5_000;
/** Access tokens kept in one isolate's memory. */
export const MAX_CACHED_TOKENS = 1_000;

/** How long an isolate uses its copy of a route document, and how long a copy still answers while a new one is fetched. Milliseconds. */
export const ROUTE_TTL_MS = 5_000;
export const ROUTE_STALE_MS = 60_000;
/** How long an unknown slug is remembered as unknown. Short, because its source may be created at any moment. Milliseconds. */
export const ROUTE_MISS_TTL_MS = 2_000;
/** Route documents and misses kept in one isolate's memory. */
export const MAX_CACHED_ROUTES = 1_000;
/** How long a location caches a KV entry. KV wants at least 30 s, and an isolate's own memory is fresher. Seconds. */
export const KV_CACHE_SECONDS = 30;
/** How long KV keeps the tombstone of a deleted source: longer than any write to KV can be delayed. Seconds. */
export const TOMBSTONE_SECONDS = 86_400;
/** How often an isolate examines the KV entry of one source that it has seen stale. A change takes up to a minute to reach all of KV. Milliseconds. */
export const REPUBLISH_MS = 60_000;
/** Route documents that are written at a time, so that a change of many sources does not take minutes. */
export const PUBLISH_WIDTH = 6;
/** How often a publisher starts over because another one has overtaken it. The sweep does the rest. */
export const PUBLISH_ROUNDS = 3;

/** Of SLUICE_ADMIN_TOKEN. Characters: 24 hexadecimal digits are 96 bits. */
export const MIN_ADMIN_TOKEN_LENGTH = 24;
/** How old an answer of /readyz may be. Milliseconds. */
export const READY_CACHE_MS = 5_000;
/** For how long an address with too many failed attempts is refused: the period of the rate limit LOGIN_ATTEMPTS. Milliseconds. */
export const ATTEMPTS_PERIOD_MS = 60_000;
/** Addresses that an isolate remembers as refused, and tokens that it remembers as accepted. */
export const MAX_REMEMBERED_ADDRESSES = 10_000;
export const MAX_REMEMBERED_TOKENS = 1_000;
/** How often a token's last use is recorded. Milliseconds. */
export const TOKEN_USE_MS = 60_000;
/** The longest time for which queues keep messages. Milliseconds. */
export const MAX_QUEUE_RETENTION_MS = 14 * 86_400_000;

/** How far a signed time may be from ours by default; Standard Webhooks and most providers say 5 minutes. Seconds. */
export const DEFAULT_TOLERANCE_SECONDS = 300;
/** Amazon SNS: "the total policy retry time for an HTTP/S endpoint can't be greater than 3,600 seconds". Seconds. */
export const SNS_TOLERANCE_SECONDS = 3_600;
/** A day: providers that sign a time once and retry for hours need it. Seconds. */
export const MAX_TOLERANCE_SECONDS = 86_400;
/** The longest type of an event. Characters. */
export const MAX_EVENT_TYPE_LENGTH = 128;
/** Secrets of one source. Each costs a MAC per request, and a rotation takes two. */
export const MAX_VERIFICATION_SECRETS = 10;
export const MAX_ALLOWED_IPS = 200;

/** A connection's filter or transform as JSON. It is part of the route document, which every isolate keeps in memory. Bytes. */
export const MAX_FILTER_BYTES = 16 * 1024;
export const MAX_TRANSFORM_BYTES = 32 * 1024;
/** How deep a filter may nest, and how many clauses it may have. */
export const MAX_FILTER_DEPTH = 24;
export const MAX_FILTER_CLAUSES = 500;
/**
 * Characters of a pattern, and instructions that all patterns of a filter or an expression may compile to: matching takes
 * text × instructions at worst, and each instruction some 80 bytes for as long as an isolate knows the connection.
 */
export const MAX_PATTERN_LENGTH = 512;
export const MAX_PATTERN_PROGRAM = 2_000;
/** Comparisons that one filter may make on one event. A 10 KB payload takes a few dozen; beyond this the event does not match. */
export const MAX_FILTER_STEPS = 1_000_000;
/** Nested arrays that a filter looks into, and levels that it compares. */
export const MAX_VALUE_DEPTH = 64;
/** Larger bodies pass filters and transforms unread. Bytes. It is also the default limit of a source: what is accepted by default can be filtered. */
export const MAX_READ_BODY_BYTES = 1024 * 1024;
/** How much of a request's body that a transform or a batch has made is shown. Bytes. */
export const MAX_SHOWN_REQUEST_BYTES = 32 * 1024;
/**
 * Objects and arrays in a body that is read: an empty one takes three bytes of JSON and some 130 of memory, so that `[{},{},…]` would take
 * 22 times its size. So many take 23 MB.
 */
export const MAX_READ_BRACES = 175_000;
/** Fields of a form. Each takes some 100 bytes; a form with more is read as text. */
export const MAX_FORM_FIELDS = 5_000;
/** The sentence that says which clause of a filter failed. Characters. */
export const MAX_CLAUSE_LENGTH = 240;
/** Connections that did not take an event, kept with it. */
export const MAX_KEPT_IGNORED = 50;
/** Bodies that a batch reads from R2 at a time. Each is in memory twice, as bytes and as values. */
export const MAX_OPEN_BODIES = 4;
/**
 * Steps that one body expression may take. In a Worker the clock stands still while it computes, so steps are counted instead. A step
 * takes a fifth of a microsecond, so a run at most 50 ms.
 */
export const MAX_TRANSFORM_STEPS = 250_000;
/**
 * Bytes of values that one run may create, none released. A run is synchronous, so an isolate of 128 MB holds the values of one run at a
 * time, however many wait; of those that have ended it holds the results.
 */
export const MAX_TRANSFORM_BYTES_MADE = 8 * 1024 * 1024;
/** Nested evaluations, and elements of one sequence. */
export const MAX_TRANSFORM_DEPTH = 500;
export const MAX_TRANSFORM_SEQUENCE = 100_000;
/** A picture string for numbers or times. Characters. */
export const MAX_PICTURE_LENGTH = 100;
/** The body that a transform may produce. Bytes. */
export const MAX_TRANSFORM_OUTPUT_BYTES = 1024 * 1024;
/** A JSONata expression, and a template. Characters. */
export const MAX_EXPRESSION_LENGTH = 16 * 1024;
/** Nodes of its tree, if the parser copies some of them. An expression of 16 KB without copies has fewer. */
export const MAX_EXPRESSION_NODES = 50_000;
/** Dots in it: the parser takes 50 ms for a path of that many steps. */
export const MAX_EXPRESSION_DOTS = 2_000;
export const MAX_TEMPLATE_LENGTH = 2_048;
/** What a template may become: no URL and no header is longer. Characters. */
export const MAX_RENDERED_LENGTH = 16 * 1024;

/** Pages that may watch at once. Each costs the feed a message per batch. */
export const MAX_WATCHERS = 200;
/** How long consumers notify the feed after they last learned that a page watches. Milliseconds. */
export const LIVE_LEASE_MS = 600_000;
/** How long a consumer waits for the feed, per batch. Milliseconds. */
export const LIVE_NOTIFY_WAIT_MS = 500;

/** Alert rules of one deployment. Each sweep checks all of them. */
export const MAX_ALERTS = 100;
/** The longest window of a rule. Seconds. */
export const MAX_ALERT_WINDOW_SECONDS = 86_400;
/** Windows up to this length are counted by the minute, longer ones by whole hours once those have been added up. Seconds. */
export const MINUTE_WINDOW_SECONDS = 7_200;
/** Waiting deliveries that a sweep counts for alerts. */
export const MAX_WAITING_COUNTED = 100_000;
/** Destinations that one reading can have. */
export const MAX_ALERT_ROWS = 1_000;
/** How long a receiver of alerts may take to answer. Milliseconds. */
export const ALERT_TIMEOUT_MS = 10_000;
export const MAX_ALERT_URL_LENGTH = 2_048;
export const PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue";
