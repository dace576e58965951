-- One row: ingest second of the newest span that any settlement of the trace holds, 0 when none has been.
SELECT max(t.lastTick) AS lastTick
FROM traces AS t
WHERE t.traceId = toFixedString(unhex({traceId:String}), 16)
