-- One row an edge, or a workload of its own, that has been seen.
SELECT
  e.sourceCluster AS sourceCluster,
  e.sourceNamespace AS sourceNamespace,
  e.source AS source,
  e.sourceVersion AS sourceVersion,
  e.sourceKind AS sourceKind,
  e.targetCluster AS targetCluster,
  e.targetNamespace AS targetNamespace,
  e.target AS target,
  e.targetVersion AS targetVersion,
  e.targetKind AS targetKind,
  any(e.protocol) AS protocol,
  e.probe AS probe
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
  AND ({probes:UInt8} = 1 OR e.probe = 0)
GROUP BY sourceCluster, sourceNamespace, source, sourceVersion, sourceKind, targetCluster, targetNamespace, target, targetVersion, targetKind, probe
LIMIT {limit:UInt32}
