-- The tables of the store, version 6. db.ts runs the statements in order; each ends with a semicolon at its line's end.
-- {replicated} and {cluster} are not used by the embedded store. Columns are camelCase: the same names as in TypeScript and JSON.

-- Applied schema versions; db.ts refuses a store newer than the program.
CREATE TABLE IF NOT EXISTS schemaVersion (
  version   UInt32,   -- of this file
  appliedAt DateTime  -- when the migration ran
) ENGINE = MergeTree ORDER BY version;

-- One row a span as received. Rows of one commit share tick and batch: where one is, all are.
-- Codecs: LZ4 costs a quarter less than ZSTD at insert and a third less at each merge, for 57 instead of 42 B a span; ids are random.
-- Granules of 4096 rows: a trace by ID reads half of what it does with 8192, inserts and merges cost the same, the disk 2.6 % more.
CREATE TABLE IF NOT EXISTS spans (
  tick           UInt32 CODEC(DoubleDelta, LZ4),        -- ingest second, epoch seconds; never goes back
  batch          UInt16 CODEC(LZ4),                     -- number of the commit within its second
  traceId        FixedString(16) CODEC(LZ4),            -- raw bytes
  spanId         FixedString(8) CODEC(NONE),            -- raw bytes
  parentId       FixedString(8) CODEC(NONE),            -- raw bytes, zeros for none
  startNs        UInt64 CODEC(Delta, LZ4),              -- epoch ns as sent
  durationNs     Int64 CODEC(T64, LZ4),                 -- end - start as sent, may be negative
  kind           UInt8 CODEC(LZ4),                      -- OTLP SpanKind
  statusCode     UInt8 CODEC(LZ4),                      -- OTLP StatusCode
  name           LowCardinality(String),                -- span name
  service        LowCardinality(String),                -- emitting workload: name,
  namespace      LowCardinality(String),                -- its namespace, '' when the span does not say
  cluster        LowCardinality(String),                -- its cluster
  version        LowCardinality(String),                -- its version
  peer           LowCardinality(String),                -- destination the span names (rule C4)
  peerNamespace  LowCardinality(String),                -- its namespace
  peerVersion    LowCardinality(String),                -- its subset
  peerKind       UInt8 CODEC(LZ4),                      -- index into workloadKinds
  protocol       LowCardinality(String),                -- http, grpc, postgresql, kafka …
  httpCode       Int16 CODEC(LZ4),                      -- 0 = no response, -1 = none said
  grpcCode       Int16 CODEC(LZ4),                      -- -1 = none said
  responseFlags  LowCardinality(String),                -- Envoy, comma list
  errorType      LowCardinality(String),                -- error.type where there is no code
  marks          UInt8 CODEC(LZ4),                      -- bits of shared/span.ts mark
  retryCount     UInt16 CODEC(LZ4),                     -- attempts before this one
  requestBytes   UInt64 CODEC(T64, LZ4),
  responseBytes  UInt64 CODEC(T64, LZ4),
  weight         Float64 CODEC(LZ4),                    -- calls this span stands for (rule C11)
  principal      LowCardinality(String),                -- TLS identity of the other side
  linkIds        String CODEC(LZ4),                     -- 24 bytes a link: trace id, span id
  statusMessage  String CODEC(LZ4),
  traceState     String CODEC(LZ4),
  flags          UInt32 CODEC(LZ4),                     -- OTLP span flags
  attributes     Map(LowCardinality(String), String) CODEC(LZ4), -- of rows from before version 5, whose shape is '': all attributes in the order sent; values that are no strings as text
  attributeTypes String CODEC(LZ4),                     -- likewise: '' when all are strings; else a letter an attribute, as in shape
  shape          LowCardinality(String),                -- what repeats of the attributes, '' without any: JSON, in the order sent, of [key, letter of its type, value], value null for a varying one. Letters: s string, b bool, i int, d double, x bytes (base64), a array, k kvlist (the JSON of its `values`), n empty
  varying        Array(String) CODEC(LZ4),              -- the values that are null in shape, in its order; values that are no strings as text
  rest           String CODEC(LZ4),                     -- protobuf fields of the span that have no column, as sent: events, links, dropped counts, unknown ones, a status that is empty
  resource       LowCardinality(String),                -- as sent: a ResourceSpans message with its fields resource and schema_url only, '' when neither was sent
  scope          LowCardinality(String),                -- likewise a ScopeSpans message with its fields scope and schema_url only
  INDEX traceId traceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX startNs startNs TYPE minmax GRANULARITY 1,
  INDEX shape cityHash64(shape) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX varying varying TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(toDateTime(tick, 'UTC'))
ORDER BY (tick, batch, traceId)
SETTINGS index_granularity = 4096, fsync_after_insert = 1, fsync_part_directory = 1, min_bytes_for_wide_part = 1073741824, min_rows_for_wide_part = 100000000;

-- Version 2: stores of version 1 lack the column.
ALTER TABLE spans ADD COLUMN IF NOT EXISTS batch UInt16 CODEC(LZ4) AFTER tick;

-- Version 4: spans in the order of their trace ids. Older stores keep the order (tick, traceId).

-- Version 5: attributes by shape. Rows of before keep theirs.
ALTER TABLE spans ADD COLUMN IF NOT EXISTS shape LowCardinality(String) AFTER attributeTypes;
ALTER TABLE spans ADD COLUMN IF NOT EXISTS varying Array(String) CODEC(LZ4) AFTER shape;
ALTER TABLE spans ADD INDEX IF NOT EXISTS shape cityHash64(shape) TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE spans ADD INDEX IF NOT EXISTS varying varying TYPE bloom_filter(0.01) GRANULARITY 1;

-- Ten-second frames. A row with a source is an edge; a row without one (sourceKind 255) is the workload `target` itself.
-- Rows of one frame and edge sum up; tick keeps the newest derivation that wrote into the row.
CREATE TABLE IF NOT EXISTS edges (
  frame          UInt32 CODEC(DoubleDelta, ZSTD(1)),    -- start of the ten seconds, epoch seconds, by the call's start
  sourceCluster  LowCardinality(String),
  sourceNamespace LowCardinality(String),
  source         LowCardinality(String),
  sourceVersion  LowCardinality(String),
  sourceKind     UInt8,                                 -- index into workloadKinds; 255 = a workload's own row
  targetCluster  LowCardinality(String),
  targetNamespace LowCardinality(String),
  target         LowCardinality(String),
  targetVersion  LowCardinality(String),
  targetKind     UInt8,
  protocol       LowCardinality(String),
  probe          UInt8,                                 -- 1: health checks (rule C6)
  tick           SimpleAggregateFunction(max, UInt32) CODEC(ZSTD(1)),
  calls          SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),  -- weighted
  failed         SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  clientErrors   SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  attempts       SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  seen           SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),   -- calls without their weight: n
  requestBytes   SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  responseBytes  SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  mtlsCalls      SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
  clientNs       SimpleAggregateFunction(sumMap, Map(Int16, Float64)) CODEC(ZSTD(1)),  -- sketch: bucket -> weight (shared/sketch.ts)
  serverNs       SimpleAggregateFunction(sumMap, Map(Int16, Float64)) CODEC(ZSTD(1)),
  networkNs      SimpleAggregateFunction(sumMap, Map(Int16, Float64)) CODEC(ZSTD(1)),
  errors         SimpleAggregateFunction(sumMap, Map(String, Float64)) CODEC(ZSTD(1)), -- 'code|flag|origin' -> weight
  principals     SimpleAggregateFunction(sumMap, Map(String, Float64)) CODEC(ZSTD(1)), -- 'source -> target' TLS identities
  exemplars      SimpleAggregateFunction(maxMap, Map(Int16, UInt128)) CODEC(ZSTD(1)),  -- client sketch bucket -> trace id
  errorExemplars SimpleAggregateFunction(maxMap, Map(String, UInt128)) CODEC(ZSTD(1)), -- error key -> trace id
  criticalNs     SimpleAggregateFunction(sumMap, Map(String, Float64)) CODEC(ZSTD(1)), -- 'band|root service|root operation' -> ns on the critical path; band = log bucket of the trace's duration
  rootCount      SimpleAggregateFunction(sumMap, Map(String, Float64)) CODEC(ZSTD(1)), -- workload rows: same key -> traces that start here
  rootNs         SimpleAggregateFunction(sumMap, Map(String, Float64)) CODEC(ZSTD(1)), -- workload rows: same key -> their total duration
  -- The three above over all keys: what a map needs when no traces are picked out.
  criticalTotalNs SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(criticalNs)) CODEC(ZSTD(1)),
  rootTotalCount SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(rootCount)) CODEC(ZSTD(1)),
  rootTotalNs    SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(rootNs)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(toDateTime(tick, 'UTC'))
ORDER BY (frame, source, sourceNamespace, sourceCluster, sourceVersion, sourceKind, target, targetNamespace, targetCluster, targetVersion, targetKind, protocol, probe)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- Version 6: totals beside the keys. Older stores keep granules of 8192 rows.
ALTER TABLE edges ADD COLUMN IF NOT EXISTS criticalTotalNs SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(criticalNs)) CODEC(ZSTD(1)) AFTER rootNs;
ALTER TABLE edges ADD COLUMN IF NOT EXISTS rootTotalCount SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(rootCount)) CODEC(ZSTD(1)) AFTER criticalTotalNs;
ALTER TABLE edges ADD COLUMN IF NOT EXISTS rootTotalNs SimpleAggregateFunction(sum, Float64) DEFAULT arraySum(mapValues(rootNs)) CODEC(ZSTD(1)) AFTER rootTotalCount;

-- Sums of edges over ten minutes and over hours, as the program packs them (edge-pack.ts): a shortcut of reads, made again at any
-- time. Right for as long as no newer tick has written into the part.
CREATE TABLE IF NOT EXISTS edgeSums (
  length UInt32,  -- seconds
  frame  UInt32,  -- start of the part, a multiple of its length, epoch seconds
  tick   UInt32,  -- every tick of edges up to this one is in it
  data   String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(tick)
PARTITION BY toYYYYMMDD(toDateTime(frame, 'UTC'))
ORDER BY (length, frame)
SETTINGS index_granularity = 1, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row a settlement of a trace. A later settlement of the same trace names the tick it replaces.
CREATE TABLE IF NOT EXISTS traces (
  tick          UInt32 CODEC(DoubleDelta, ZSTD(1)),     -- settlement
  traceId       FixedString(16) CODEC(ZSTD(1)),
  replacesTick  UInt32 CODEC(ZSTD(1)),                  -- tick of the settlement this row replaces, 0 = none
  firstTick     UInt32 CODEC(Delta, ZSTD(1)),           -- ingest seconds of its first and last span: bounds of the look-up
  lastTick      UInt32 CODEC(Delta, ZSTD(1)),
  startNs       UInt64 CODEC(Delta, ZSTD(1)),           -- first start
  durationNs    UInt64 CODEC(T64, ZSTD(1)),             -- last end - first start
  rootService   LowCardinality(String),
  rootNamespace LowCardinality(String),
  rootOperation LowCardinality(String),
  rootVersion   LowCardinality(String),
  rootDurationNs UInt64 CODEC(T64, ZSTD(1)),            -- what the critical path sums up to
  spanCount     UInt32 CODEC(ZSTD(1)),
  errorCount    UInt32 CODEC(ZSTD(1)),                  -- failed spans
  failed        UInt8,                                  -- the root's verdict
  probe         UInt8,
  weight        Float64 CODEC(ZSTD(1)),                 -- of the root
  workloads     Array(LowCardinality(String)),          -- node ids
  operations    Array(LowCardinality(String)),          -- 'service operation' pairs that occur, capped
  edgeIds       Array(UInt64) CODEC(ZSTD(1)),           -- calls in it, by edge id
  pathIds       Array(UInt64) CODEC(ZSTD(1)),           -- critical path: call-path ids,
  pathNs        Array(UInt64) CODEC(ZSTD(1)),           -- and the ns each owns; the sum is rootDurationNs
  INDEX startNs startNs TYPE minmax GRANULARITY 1,
  INDEX traceId traceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX replacesTick replacesTick TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toYYYYMMDD(toDateTime(tick, 'UTC'))
ORDER BY (tick, traceId)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Version 4: what a settlement replaces is found without reading all others.
ALTER TABLE traces ADD INDEX IF NOT EXISTS replacesTick replacesTick TYPE minmax GRANULARITY 1;

-- What a call-path id stands for: the last step and the path before it.
CREATE TABLE IF NOT EXISTS paths (
  pathId    UInt64,                  -- hash of the steps, never 0
  parentId  UInt64,                  -- path without its last step, 0 for a root
  service   LowCardinality(String),
  namespace LowCardinality(String),
  operation LowCardinality(String),
  kind      UInt8                    -- of the span
) ENGINE = ReplacingMergeTree ORDER BY pathId
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The derivation's cursor: every tick up to it is derived. Only a shortcut: each table's own newest tick decides.
CREATE TABLE IF NOT EXISTS progress (
  tick UInt32
) ENGINE = ReplacingMergeTree(tick) ORDER BY tuple()
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- When a process began, so that the time between two processes does not count as quiet time of a trace.
CREATE TABLE IF NOT EXISTS starts (
  tick  UInt32,  -- the first tick it may stamp
  after UInt32   -- the newest tick any table held before
) ENGINE = MergeTree ORDER BY tick
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Of stores of any version, a statement a table, for each is a file that is written at every start.
-- Old parts are removed by one thread. They wait for five minutes under load, and from a hundred on chDB would begin a thread for
-- each, up to 128, that stay: 17 MiB (2026-11-28).
-- Ten or eleven parts at once: few and wide merges, for each pass costs as much as the insert; twice as many take twice the memory (decisions 25 and 28). Without a limit, of 75 parts that had gathered, all were
-- merged at once, for 342 MiB instead of 123 (2026-11-28).
-- Small parts at the end of a choice are merged with it. Left out, as is the default, what remains of a choice that a large part
-- leads is that part and the one after it: it would be written anew with each commit that follows.
-- Parts wait for others of their size: with the default base of 5 two merged parts and 22 commits were a choice already, when 24 were merged
-- at once, so that parts grew threefold with each merge, not twentyfold, and a day at 1,000 spans/s wrote a span 16 times, not 5 (decision 22).
-- A merge counts no statistics of columns, which the store does by default from 26.4 on: no question here is planned by them, and for merges of
-- spans they were a fifth of the CPU and 27 MiB (decision 24).
-- Strings as one stream, lengths among them: 54.2 B a span instead of 58.3, and insert, merge and a trace by ID cost what they did.
ALTER TABLE edges MODIFY SETTING concurrent_part_removal_threshold = 1000000, auto_statistics_types = '';
ALTER TABLE spans MODIFY SETTING concurrent_part_removal_threshold = 1000000, min_parts_to_merge_at_once = 10, max_parts_to_merge_at_once = 11, merge_selector_base = 12, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, auto_statistics_types = '', string_serialization_version = 'single_stream';
ALTER TABLE traces MODIFY SETTING concurrent_part_removal_threshold = 1000000, min_parts_to_merge_at_once = 10, max_parts_to_merge_at_once = 11, merge_selector_base = 12, merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, auto_statistics_types = '', string_serialization_version = 'single_stream';
