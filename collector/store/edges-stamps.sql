-- One row an hour of frames that a tick newer than `after` has written into: the newest tick that did.
SELECT toUInt32(intDiv(e.frame, 3600) * 3600) AS hour, max(e.tick) AS newest
FROM edges AS e
WHERE e.tick > {after:UInt32} AND e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
GROUP BY hour
