-- One row a version of a workload in rows of the ticks in (after, upTo]: the first frame with a call of it, either side.
SELECT cluster, namespace, name, version, min(frame) AS first
FROM (
  SELECT e.targetCluster AS cluster, e.targetNamespace AS namespace, e.target AS name, e.targetVersion AS version, e.frame AS frame
  FROM edges AS e
  WHERE e.tick > {after:UInt32} AND e.tick <= {upTo:UInt32} AND e.sourceKind != 255 AND e.probe = 0 AND e.targetVersion != ''
  UNION ALL
  SELECT e.sourceCluster AS cluster, e.sourceNamespace AS namespace, e.source AS name, e.sourceVersion AS version, e.frame AS frame
  FROM edges AS e
  WHERE e.tick > {after:UInt32} AND e.tick <= {upTo:UInt32} AND e.sourceKind != 255 AND e.probe = 0 AND e.sourceVersion != ''
)
GROUP BY cluster, namespace, name, version
ORDER BY first
LIMIT {limit:UInt32}
