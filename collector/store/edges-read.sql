-- One row an edge (or workload) and step: its frames summed up. step 0 = the whole interval in one row.
-- criticalNs is its total under the key '': the map needs no more, and the full keys of a day are many. With a cut it is the
-- total of the keys 'band|entry' from a band on, of all entries or one.
SELECT
  toUInt32(if({step:UInt32} = 0, {from:UInt32}, intDiv(e.frame, greatest({step:UInt32}, 1)) * {step:UInt32})) AS frame,
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
  sum(e.calls) AS calls,
  sum(e.failed) AS failed,
  sum(e.clientErrors) AS clientErrors,
  sum(e.attempts) AS attempts,
  toFloat64(sum(e.seen)) AS seen,
  sum(e.requestBytes) AS requestBytes,
  sum(e.responseBytes) AS responseBytes,
  sum(e.mtlsCalls) AS mtlsCalls,
  sumMap(e.clientNs) AS clientNs,
  sumMap(e.serverNs) AS serverNs,
  sumMap(e.networkNs) AS networkNs,
  sumMap(e.errors) AS errors,
  sumMap(e.principals) AS principals,
  maxMap(if({bare:UInt8} = 1, CAST(map(), 'Map(Int16, UInt128)'), e.exemplars)) AS exemplars,
  maxMap(if({bare:UInt8} = 1, CAST(map(), 'Map(String, UInt128)'), e.errorExemplars)) AS errorExemplars,
  map('', sum(arraySum(mapValues(if({cut:UInt8} = 0, e.criticalNs, mapFilter((key, value) -> toInt32OrZero(substringIndex(key, '|', 1)) >= {fromBand:Int32} AND (empty({entry:String}) OR substring(key, position(key, '|') + 1) = {entry:String}), e.criticalNs)))))) AS criticalNs,
  map('', sum(arraySum(mapValues(if({cut:UInt8} = 0, e.rootCount, mapFilter((key, value) -> toInt32OrZero(substringIndex(key, '|', 1)) >= {fromBand:Int32} AND (empty({entry:String}) OR substring(key, position(key, '|') + 1) = {entry:String}), e.rootCount)))))) AS rootCount,
  map('', sum(arraySum(mapValues(if({cut:UInt8} = 0, e.rootNs, mapFilter((key, value) -> toInt32OrZero(substringIndex(key, '|', 1)) >= {fromBand:Int32} AND (empty({entry:String}) OR substring(key, position(key, '|') + 1) = {entry:String}), e.rootNs)))))) AS rootNs
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
  AND ({probes:UInt8} = 1 OR e.probe = 0)
  AND ({anySource:UInt8} = 1 OR (e.source = {source:String} AND e.sourceKind != 255))
  AND ({anyTarget:UInt8} = 1 OR (e.target = {target:String} AND e.sourceKind != 255))
GROUP BY ALL
