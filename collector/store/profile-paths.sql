-- One row a call path with time of its own on critical paths, the greatest first: its id, the time (ns, in millionths), the
-- traces that have some (a trace has a path once), and how many such rows there are before the limit.
SELECT
  toString(p.1) AS pathId,
  sum(toUInt128(p.2) * c.weight) AS selfNs,
  count() AS traces,
  count() OVER () AS found
FROM cohort AS c
ARRAY JOIN arrayZip(c.pathIds, c.pathNs) AS p
GROUP BY pathId
ORDER BY selfNs DESC, pathId
LIMIT {limit:UInt32}
