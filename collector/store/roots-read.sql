-- One row an hour and kind of trace: how many started and how long they took together. hourly 0 = the whole interval.
SELECT
  toUInt32(if({hourly:UInt8} = 0, {from:UInt32}, intDiv(e.frame, 3600) * 3600)) AS hour,
  root.1 AS key,
  sum(root.2) AS traces,
  sum(root.3) AS totalNs
FROM edges AS e
ARRAY JOIN arrayZip(mapKeys(e.rootCount), mapValues(e.rootCount), arrayMap(key -> e.rootNs[key], mapKeys(e.rootCount))) AS root
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32} AND e.sourceKind = 255
GROUP BY hour, key
ORDER BY totalNs DESC
LIMIT {limit:UInt32} BY hour
