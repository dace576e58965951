-- One row: what the store holds. Oldest and newest are seconds of ingest, 0 without spans.
SELECT
  (SELECT count() FROM spans) AS spans,
  (SELECT min(tick) FROM spans) AS oldest,
  (SELECT max(tick) FROM spans) AS newest,
  (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS bytesOnDisk
