-- One row: what the store holds. Oldest and newest are seconds of ingest, newestCall the start of the newest frame with a call
-- that no sender's clock put into the future; 0 without.
SELECT
  (SELECT count() FROM spans) AS spans,
  (SELECT min(tick) FROM spans) AS oldest,
  (SELECT max(tick) FROM spans) AS newest,
  ifNull((
    SELECT e.frame FROM edges AS e
    WHERE e.frame <= (SELECT max(tick) FROM spans) AND e.sourceKind != 255 AND e.probe = 0
    ORDER BY e.frame DESC LIMIT 1
  ), 0) AS newestCall,
  (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS bytesOnDisk
