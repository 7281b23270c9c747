SELECT person_id, ifNull(a0 IN ('上海'), 0) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (nullIf(city, '')) AS av0
FROM customers FINAL)))
