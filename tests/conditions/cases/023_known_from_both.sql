SELECT person_id, hasAll(a0, ['erp', 'pos']) AS b0
FROM (SELECT person_id, av0 AS a0
FROM (SELECT *
FROM (SELECT person_id, (sources) AS av0
FROM customers FINAL)))
