-- The traces a profile is made of, to be put before a question about them, after WITH (or the CTEs of traces-match.ts). A
-- filter that is not asked for has an empty parameter; the name in underscores stands for one more condition.
  -- Settlements that a later one of the same trace replaced. The later one spans the earlier: both overlap the interval.
  replaced AS (
    SELECT r.replacesTick AS tick, r.traceId AS traceId
    FROM traces AS r
    WHERE r.replacesTick != 0 AND r.tick <= {newestTick:UInt32}
      AND r.startNs < {toNs:UInt64} AND r.startNs + r.durationNs >= {fromNs:UInt64}
  ),
  -- One row a trace, its newest settlement only. Nothing that settles while several questions are asked is in some of them.
  cohort AS (
    SELECT
      t.tick AS tick,
      t.traceId AS traceId,
      t.firstTick AS firstTick,
      t.lastTick AS lastTick,
      t.spanCount AS spanCount,
      t.rootVersion AS version,
      t.rootDurationNs AS rootNs,
      toUInt64(round(t.weight * 1000000)) AS weight, -- in millionths, so that sums are whole numbers
      t.pathIds AS pathIds,
      t.pathNs AS pathNs
    FROM traces AS t
    WHERE t.startNs >= {fromNs:UInt64} AND t.startNs < {toNs:UInt64}
      AND t.tick <= {newestTick:UInt32}
      AND ({probes:UInt8} = 1 OR t.probe = 0)
      AND (empty({entry:String}) OR concat(t.rootService, '|', t.rootOperation) = {entry:String})
      AND (empty({version:String}) OR t.rootVersion = {version:String})
      AND t.rootDurationNs >= {leastNs:UInt64} AND t.rootDurationNs <= {mostNs:UInt64}
      AND (t.tick, t.traceId) NOT IN replaced
      AND __matched__
  )
