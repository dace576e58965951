-- Rows of edges as they lie: what belongs together is summed up by the program (edge-sums.ts). Of the critical path totals: the map
-- needs no more, and the full keys of a day are many. Few rows in one block by one thread: pieces of columns would have to be
-- put together, and more threads cost more than they read.
SELECT
  e.frame AS frame,
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
  e.protocol AS protocol,
  e.probe AS probe,
  e.calls AS calls,
  e.failed AS failed,
  e.clientErrors AS clientErrors,
  e.attempts AS attempts,
  toFloat64(e.seen) AS seen,
  e.requestBytes AS requestBytes,
  e.responseBytes AS responseBytes,
  e.mtlsCalls AS mtlsCalls,
  e.clientNs AS clientNs,
  e.serverNs AS serverNs,
  e.networkNs AS networkNs,
  CAST(e.errors, 'Map(LowCardinality(String), Float64)') AS errors,
  CAST(e.principals, 'Map(LowCardinality(String), Float64)') AS principals,
  e.exemplars AS exemplars,
  CAST(e.errorExemplars, 'Map(LowCardinality(String), UInt128)') AS errorExemplars,
  __criticalNs__ AS criticalNs,
  __rootCount__ AS rootCount,
  __rootNs__ AS rootNs
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
  AND ({anySource:UInt8} = 1 OR (e.source = {source:String} AND e.sourceKind != 255))
  AND ({anyTarget:UInt8} = 1 OR (e.target = {target:String} AND e.sourceKind != 255))
SETTINGS max_threads = 1, max_block_size = 1000000, preferred_block_size_bytes = 0
