-- How many rows edges-read.sql has for a step, and about how many buckets their sketches: at most 250 a row.
SELECT count() AS rows, sum(least(buckets, 250)) AS buckets
FROM (
  SELECT sum(length(e.clientNs) + length(e.serverNs) + length(e.networkNs)) AS buckets
  FROM edges AS e
  WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32} AND ({probes:UInt8} = 1 OR e.probe = 0)
  GROUP BY intDiv(e.frame, {step:UInt32}), e.sourceCluster, e.sourceNamespace, e.source, e.sourceVersion, e.sourceKind,
    e.targetCluster, e.targetNamespace, e.target, e.targetVersion, e.targetKind, e.protocol, e.probe
)
