-- One row a span name and kind of sender: the requests a workload answered. An empty name or namespace parameter is any.
-- proxy 1: told by a sidecar; its name for the same request may be another than the application's.
SELECT
  operation,
  proxy,
  toFloat64(sum(weight)) AS calls,
  toFloat64(sumIf(weight, failed)) AS failed,
  toFloat64(count()) AS seen,
  sumMap(map(bucket, weight)) AS durations
FROM (
  SELECT
    s.name AS operation,
    bitAnd(s.marks, {proxyMark:UInt8}) != 0 AS proxy,
    s.weight AS weight,
    -- As shared/span-verdict.ts.
    if(
      s.httpCode >= 0 OR s.grpcCode >= 0,
      s.httpCode = 0 OR s.httpCode >= 500 OR s.grpcCode IN (2, 4, 12, 13, 14, 15)
        OR ({fourXx:UInt8} = 1 AND (s.httpCode >= 400 OR s.grpcCode > 0)),
      s.statusCode = 2 OR (s.statusCode = 0 AND bitAnd(s.marks, {errorMark:UInt8}) != 0)
    ) AS failed,
    -- As bucketOf of shared/sketch.ts.
    toInt16(if(s.durationNs <= 0, -1, least(2300, ceil(log(s.durationNs) * {perLog:Float64})))) AS bucket
  FROM spans AS s
  WHERE s.tick >= {fromTick:UInt32} AND s.startNs >= {fromNs:UInt64} AND s.startNs < {toNs:UInt64}
    AND s.kind IN (2, 5)
    AND bitAnd(s.marks, {probeMark:UInt8}) = 0
    AND ({anyName:UInt8} = 1 OR s.service = {name:String})
    AND ({anyNamespace:UInt8} = 1 OR s.namespace IN ({namespace:String}, ''))
    AND s.cluster IN ({cluster:String}, '')
    AND ({anyVersion:UInt8} = 1 OR s.version = {version:String})
)
GROUP BY operation, proxy
ORDER BY calls DESC
LIMIT {limit:UInt32}
