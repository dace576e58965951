-- One row a version of the entry's workload.
SELECT c.version AS version, count() AS traces
FROM cohort AS c
GROUP BY version
ORDER BY traces DESC, version
LIMIT {limit:UInt32}
