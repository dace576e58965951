,
  -- A page of the traces that match (traces-match.ts), by key.
  page AS (
    SELECT f.tick AS tick, f.traceId AS traceId
    FROM found AS f
    WHERE empty({afterId:String})
      OR (if({order:String} = 'slowest', f.durationNs, f.startNs), f.traceId) < ({afterKey:UInt64}, toFixedString(unhex({afterId:String}), 16))
    ORDER BY if({order:String} = 'slowest', f.durationNs, f.startNs) DESC, f.traceId DESC
    LIMIT {limit:UInt32}
  )
-- One row a trace of it.
SELECT
  lower(hex(t.traceId)) AS traceId,
  t.startNs AS startNs,
  t.durationNs AS durationNs,
  t.rootDurationNs AS rootDurationNs,
  t.rootService AS rootService,
  t.rootOperation AS rootOperation,
  t.spanCount AS spanCount,
  t.errorCount AS errorCount,
  t.failed AS failed,
  t.workloads AS workloads,
  -- The path ids that own most: enough to find the three best steps after equal ones are joined.
  arraySlice(arrayMap(x -> toString(x), arrayReverseSort((id, ns) -> ns, t.pathIds, t.pathNs)), 1, 12) AS pathIds,
  arraySlice(arrayReverseSort(t.pathNs), 1, 12) AS pathNs,
  if({order:String} = 'slowest', t.durationNs, t.startNs) AS sortKey
FROM traces AS t
WHERE (t.tick, t.traceId) IN page
ORDER BY sortKey DESC, t.traceId DESC
