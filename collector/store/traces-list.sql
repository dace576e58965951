-- One row a settled trace that matches, its newest settlement only. A filter that is not asked for has an empty parameter.
WITH
  -- Settlements that a later one of the same trace replaced. The later one spans the earlier: both overlap the interval.
  superseded AS (
    SELECT r.replacesTick AS tick, r.traceId AS traceId
    FROM traces AS r
    WHERE r.replacesTick != 0 AND r.startNs < {toNs:UInt64} AND r.startNs + r.durationNs >= {fromNs:UInt64}
  ),
  -- Traces with a span that has every attribute asked for. Spans may start a little before their trace's row says (clock
  -- skew between settlements) and as late as the longest trace lasts.
  tagged AS (
    SELECT s.traceId AS traceId
    FROM spans AS s
    WHERE notEmpty({keys:Array(String)})
      AND s.startNs >= {fromNs:UInt64} AND s.startNs < {toNs:UInt64} + 3600000000000
      AND arrayAll((k, v) -> mapContains(s.attributes, k) AND s.attributes[k] = v, {keys:Array(String)}, {values:Array(String)})
  )
SELECT
  lower(hex(t.traceId)) AS traceId,
  t.startNs AS startNs,
  t.durationNs AS durationNs,
  t.rootDurationNs AS rootDurationNs,
  t.rootService AS rootService,
  t.rootOperation AS rootOperation,
  t.spanCount AS spanCount,
  t.errorCount AS errorCount,
  t.workloads AS workloads,
  -- The path ids that own most: enough to find the three best steps after equal ones are joined.
  arraySlice(arrayMap(x -> toString(x), arrayReverseSort((id, ns) -> ns, t.pathIds, t.pathNs)), 1, 12) AS pathIds,
  arraySlice(arrayReverseSort(t.pathNs), 1, 12) AS pathNs,
  if({order:String} = 'slowest', t.durationNs, t.startNs) AS sortKey
FROM traces AS t
WHERE t.startNs >= {fromNs:UInt64} AND t.startNs < {toNs:UInt64}
  AND ({probes:UInt8} = 1 OR t.probe = 0)
  AND (empty({service:String}) OR arrayExists(w -> w = {service:String} OR arrayExists(tail -> endsWith(w, tail), {serviceTails:Array(String)}), t.workloads))
  AND (empty({operationTail:String}) OR arrayExists(o -> endsWith(o, {operationTail:String}), t.operations))
  AND (empty({operations:Array(String)}) OR hasAny(t.operations, {operations:Array(String)}))
  AND t.durationNs BETWEEN {minNs:UInt64} AND {maxNs:UInt64}
  AND (empty({status:String}) OR multiIf({status:String} = 'error', t.errorCount > 0, {status:String} = 'failed', t.failed = 1, t.errorCount = 0))
  AND (empty({edge:String}) OR has(t.edgeIds, toUInt64OrZero({edge:String})))
  AND (empty({keys:Array(String)}) OR t.traceId IN tagged)
  AND (t.tick, t.traceId) NOT IN superseded
  AND (empty({afterId:String}) OR (sortKey, t.traceId) < ({afterKey:UInt64}, toFixedString(unhex({afterId:String}), 16)))
ORDER BY sortKey DESC, t.traceId DESC
LIMIT {limit:UInt32}
