-- One row a step: calls of the mesh, and those among them that come from outside (users 4, unknown 5).
SELECT
  toUInt32(intDiv(e.frame, {step:UInt32}) * {step:UInt32}) AS at,
  sum(e.calls) AS calls,
  sum(e.failed) AS failed,
  sumIf(e.calls, e.sourceKind IN (4, 5)) AS entered,
  sumIf(e.failed, e.sourceKind IN (4, 5)) AS enteredFailed
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32} AND e.sourceKind != 255 AND e.probe = 0
GROUP BY at
