,
  -- What each call path is the end of, a row each.
  ends AS (
    SELECT p.pathId AS pathId, any(p.service) AS service, any(p.namespace) AS namespace, any(p.operation) AS operation
    FROM paths AS p
    GROUP BY p.pathId
  ),
  -- The same, with a number for each workload and operation, whatever led there and whichever kind of span it was: the least
  -- path id that ends there. Numbers group faster than names.
  numbered AS (
    SELECT e.pathId AS pathId, min(e.pathId) OVER (PARTITION BY e.service, e.namespace, e.operation) AS step
    FROM ends AS e
  ),
  -- One row a trace and step: the step's time on the trace's critical path.
  parts AS (
    SELECT n.step AS step, any(c.weight) AS weight, sum(path.2) AS selfNs
    FROM cohort AS c
    ARRAY JOIN arrayZip(c.pathIds, c.pathNs) AS path
    LEFT JOIN numbered AS n ON n.pathId = path.1
    GROUP BY c.tick, c.traceId, n.step
  ),
  -- One row a step, the ones with the most time.
  steps AS (
    SELECT
      p.step AS step,
      sum(toUInt128(p.selfNs) * p.weight) AS totalNs,
      count() AS traces,
      quantilesExactWeighted(0.5, 0.99)(p.selfNs, p.weight) AS rankNs,
      count() OVER () AS found
    FROM parts AS p
    GROUP BY p.step
    ORDER BY totalNs DESC, p.step
    LIMIT {limit:UInt32}
  )
-- The same with names: the time (ns, in millionths), the traces that have some, what half and 99 % of those do not exceed, by
-- nearest rank, and how many steps there are before the limit.
SELECT
  e.service AS service,
  e.namespace AS namespace,
  e.operation AS operation,
  s.totalNs AS totalNs,
  s.traces AS traces,
  s.rankNs AS rankNs,
  s.found AS found
FROM steps AS s
LEFT JOIN ends AS e ON e.pathId = s.step
ORDER BY totalNs DESC, service, namespace, operation
