-- One row: how many spans of the trace are held, the ingest seconds of the first and the newest of them (0 without any), and
-- that of the newest span that any settlement of the trace holds, 0 when none has been.
SELECT
  count() AS spanCount,
  min(s.tick) AS firstTick,
  max(s.tick) AS newestTick,
  (SELECT max(t.lastTick) FROM traces AS t WHERE t.traceId = toFixedString(unhex({traceId:String}), 16)) AS settledTick
FROM spans AS s
WHERE s.traceId = toFixedString(unhex({traceId:String}), 16)
