-- One row an hour of frames: the newest tick that wrote into it. The hour's sums change only when that changes.
SELECT toUInt32(intDiv(e.frame, 3600) * 3600) AS hour, max(e.tick) AS newest
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
GROUP BY hour
