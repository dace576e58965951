-- One row a kind of trace (in a alone, in b alone, in both) and thing counted: how many of its traces have it, and what it
-- comes to in them. type: 0 the trace itself, its value the duration of its own request in ms; 1 that duration's bucket;
-- 2 a step (workload and operation), its value the ms it owns of the critical path; 3 an edge with a call over it.
WITH
  -- Call paths and the steps they end with: many paths end with the same.
  (
    SELECT (groupArray(p.pathId), groupArray(cityHash64(p.service, p.namespace, p.operation)))
    FROM (SELECT pathId, any(service) AS service, any(namespace) AS namespace, any(operation) AS operation FROM paths GROUP BY pathId) AS p
  ) AS known,
  -- One row a trace.
  perTrace AS (
    SELECT
      (t.tick, t.traceId) IN (__a__) AS inA,
      (t.tick, t.traceId) IN (__b__) AS inB,
      t.rootDurationNs AS ns,
      -- As bucketOf of shared/sketch.ts, and one more.
      toUInt64(if(t.rootDurationNs = 0, 0, 1 + least(2300, ceil(log(t.rootDurationNs) * {perLog:Float64})))) AS bucket,
      t.failed AS failed,
      t.errorCount > 0 AS withErrors,
      t.edgeIds AS edgeIds,
      t.pathNs AS pathNs,
      arrayMap(id -> transform(id, known.1, known.2, toUInt64(0)), t.pathIds) AS ends
    FROM traces AS t
    WHERE t.startNs >= {fromNs:UInt64} AND t.startNs < {toNs:UInt64} AND (inA OR inB)
  ),
  -- One row a trace and thing it has: type, id, value.
  things AS (
    SELECT
      r.inA AS inA,
      r.inB AS inB,
      r.failed AS failed,
      r.withErrors AS withErrors,
      arrayJoin(arrayConcat(
        [(toUInt8(0), toUInt64(0), r.ns / 1e6), (toUInt8(1), r.bucket, 0.)],
        arrayMap(
          step -> (toUInt8(2), step, arraySum(arrayMap((end, ns) -> if(end = step, ns, 0), r.ends, r.pathNs)) / 1e6),
          arrayDistinct(r.ends)
        ),
        arrayMap(edge -> (toUInt8(3), edge, 0.), r.edgeIds)
      )) AS thing
    FROM perTrace AS r
  )
SELECT
  h.inA AS inA,
  h.inB AS inB,
  h.thing.1 AS type,
  h.thing.2 AS id,
  count() AS traces,
  sum(h.failed) AS failed,
  sum(h.withErrors) AS withErrors,
  sum(h.thing.3) AS sum,
  sum(h.thing.3 * h.thing.3) AS sumSquares,
  max(h.thing.3) AS max
FROM things AS h
GROUP BY inA, inB, type, id
