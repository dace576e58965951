-- Traces of either set to read spans of: all if they are few, else some of as many seconds as it takes, by hash, so that few
-- parts of the spans' table are read and the same traces are taken each time.
SELECT lower(hex(s.traceId)) AS id, s.inA AS inA, s.inB AS inB, s.firstTick AS firstTick, s.lastTick AS lastTick, s.spanCount AS spanCount
FROM (
  SELECT t.traceId AS traceId, t.tick AS tick, t.firstTick AS firstTick, t.lastTick AS lastTick, t.spanCount AS spanCount,
    (t.tick, t.traceId) IN (__a__) AS inA,
    (t.tick, t.traceId) IN (__b__) AS inB
  FROM traces AS t
  WHERE t.startNs >= {fromNs:UInt64} AND t.startNs < {toNs:UInt64} AND (inA OR inB)
  ORDER BY cityHash64(tick), cityHash64(traceId)
  LIMIT {perTick:UInt32} BY inA, inB, tick
) AS s
LIMIT {most:UInt32} BY s.inA, s.inB
