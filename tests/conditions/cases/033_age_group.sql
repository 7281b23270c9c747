SELECT person_id, l0 AS b0
FROM (SELECT person_id, ifNull(a0 >= toDecimal128('18', 0) AND a0 <= toDecimal128('30', 0), 0) AS l0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (toInt32(2026) - birth_year - if(toInt32(birth_month) * 100 + birth_day > 301, 1, 0)) AS av0
FROM customers FINAL))))
