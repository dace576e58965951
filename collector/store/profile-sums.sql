-- One row: how many traces, what they stand for (in millionths), and how long they took together (ns, in millionths).
SELECT
  count() AS traces,
  sum(c.weight) AS weight,
  sum(toUInt128(c.rootNs) * c.weight) AS totalNs,
  min(c.rootNs) AS leastNs,
  -- By nearest rank: the least duration that at least so much of the weight does not exceed.
  quantilesExactWeighted(0.5, 0.9, 0.99)(c.rootNs, c.weight) AS rankNs
FROM cohort AS c
