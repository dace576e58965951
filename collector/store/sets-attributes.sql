-- One row a key: in how many traces of either list it is, how many values it has, and the most frequent of them with theirs.
-- type version: the versions of a workload.
WITH
  -- One row a trace, key and value that a span of it has.
  pairs AS (
    SELECT DISTINCT s.traceId AS traceId, pair.1 AS type, pair.2 AS key, pair.3 AS value
    FROM (
      SELECT
        s.traceId AS traceId,
        arrayJoin(arrayConcat(
          arrayMap(pair -> ('attribute', pair.1, pair.2), __pairs__),
          if(s.version = '', [], [('version', toString(s.service), toString(s.version))])
        )) AS pair
      FROM spans AS s
      PREWHERE s.tick IN {ticks:Array(UInt32)}
      WHERE s.traceId IN (SELECT toFixedString(unhex(arrayJoin(arrayConcat({a:Array(String)}, {b:Array(String)}))), 16))
    ) AS s
  ),
  -- One row a key and value, its longest texts cut short; how many traces of either list have it.
  perValue AS (
    SELECT p.type AS type, p.key AS key, p.value AS value,
      uniqExactIf(p.traceId, p.traceId IN (SELECT toFixedString(unhex(arrayJoin({a:Array(String)})), 16))) AS inA,
      uniqExactIf(p.traceId, p.traceId IN (SELECT toFixedString(unhex(arrayJoin({b:Array(String)})), 16))) AS inB
    FROM pairs AS p
    GROUP BY type, key, value
  ),
  perKey AS (
    SELECT p.type AS type, p.key AS key,
      uniqExactIf(p.traceId, p.traceId IN (SELECT toFixedString(unhex(arrayJoin({a:Array(String)})), 16))) AS inA,
      uniqExactIf(p.traceId, p.traceId IN (SELECT toFixedString(unhex(arrayJoin({b:Array(String)})), 16))) AS inB
    FROM pairs AS p
    GROUP BY type, key
    ORDER BY inA + inB DESC, key
    LIMIT {keys:UInt32}
  )
SELECT
  v.type AS type,
  v.key AS key,
  any(k.inA) AS inA,
  any(k.inB) AS inB,
  count() AS values,
  sum(v.inA + v.inB) AS pairs,
  arraySlice(
    arraySort(value -> (-(value.2 + value.3), value.1), groupArrayIf((v.value, v.inA, v.inB), length(v.value) <= {longest:UInt32})),
    1, {perKey:UInt32}
  ) AS most
FROM perValue AS v
INNER JOIN perKey AS k ON k.type = v.type AND k.key = v.key
GROUP BY v.type, v.key
ORDER BY inA + inB DESC, key
