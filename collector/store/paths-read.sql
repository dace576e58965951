-- The last step of each call path asked for.
SELECT toString(p.pathId) AS pathId, any(p.service) AS service, any(p.operation) AS operation
FROM paths AS p
WHERE p.pathId IN {ids:Array(UInt64)}
GROUP BY p.pathId
