-- Parts of an interval that edges has rows of: how many, and the newest tick that wrote one.
SELECT toUInt32(intDiv(e.frame, {length:UInt32}) * {length:UInt32}) AS part, count() AS rows, max(e.tick) AS newest
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
GROUP BY part
