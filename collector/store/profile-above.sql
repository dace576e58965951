-- What the call paths asked for and all paths above them stand for, a row each.
WITH RECURSIVE up AS (
  SELECT p.pathId AS pathId, p.parentId AS parentId
  FROM paths AS p
  WHERE p.pathId IN {ids:Array(UInt64)}
  UNION ALL
  SELECT p.pathId, p.parentId
  FROM paths AS p
  WHERE p.pathId IN (SELECT u.parentId FROM up AS u)
)
SELECT
  toString(p.pathId) AS pathId,
  toString(any(p.parentId)) AS parentId,
  any(p.service) AS service,
  any(p.namespace) AS namespace,
  any(p.operation) AS operation,
  any(p.kind) AS kind
FROM paths AS p
WHERE p.pathId IN (SELECT u.pathId FROM up AS u)
GROUP BY p.pathId
