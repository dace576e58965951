-- One row a settlement of the trace: ingest second of the newest span it holds, and how many those are.
SELECT t.lastTick AS lastTick, t.spanCount AS spanCount
FROM traces AS t
WHERE t.traceId = toFixedString(unhex({traceId:String}), 16)
