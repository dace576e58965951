-- Names of the steps asked for.
SELECT toString(cityHash64(p.service, p.namespace, p.operation)) AS step, p.service AS service, p.namespace AS namespace, p.operation AS operation
FROM paths AS p
WHERE cityHash64(p.service, p.namespace, p.operation) IN {steps:Array(UInt64)}
GROUP BY p.service, p.namespace, p.operation
