-- Traces to read the spans of: the first by a hash of their ids, so that the choice neither prefers any nor changes.
SELECT
  lower(hex(c.traceId)) AS traceId,
  c.firstTick AS firstTick,
  c.lastTick AS lastTick,
  c.spanCount AS spanCount,
  c.weight AS weight,
  c.version AS version
FROM cohort AS c
ORDER BY sipHash64(c.traceId), c.traceId
LIMIT {limit:UInt32}
