-- How many rows of edges each part of an interval has; parts without any are left out.
SELECT toUInt32(intDiv(e.frame, {length:UInt32}) * {length:UInt32}) AS part, count() AS rows
FROM edges AS e
WHERE e.frame >= {from:UInt32} AND e.frame < {to:UInt32}
GROUP BY part
