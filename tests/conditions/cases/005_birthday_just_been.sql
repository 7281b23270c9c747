SELECT person_id, ifNull(a0 IN (226, 227, 228, 229, 301), 0) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (toInt32(birth_month) * 100 + birth_day) AS av0
FROM customers FINAL)))
