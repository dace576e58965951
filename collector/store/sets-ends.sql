-- One row a pair of workloads that called one another in the time.
SELECT DISTINCT
  e.sourceCluster AS sourceCluster, e.sourceNamespace AS sourceNamespace, e.source AS source,
  e.targetCluster AS targetCluster, e.targetNamespace AS targetNamespace, e.target AS target
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32} AND e.sourceKind != 255
LIMIT 50000
