SELECT person_id, hasAny(a0, ['erp']) AS b0
FROM (SELECT person_id, av0 AS a0
FROM (SELECT *
FROM (SELECT person_id, (sources) AS av0
FROM customers FINAL)))
