-- What the table holds at most, which the store knows of its parts; and the frames that ticks after one have written into.
SELECT min(e.tick) AS oldest, max(e.tick) AS newest, min(e.frame) AS first, max(e.frame) AS last, emptyArrayUInt32() AS changed
FROM edges AS e
UNION ALL
SELECT 0, 0, 0, 0, groupUniqArray(e.frame) FROM edges AS e WHERE e.tick > {after:UInt32}
