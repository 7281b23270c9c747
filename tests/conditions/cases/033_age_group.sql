SELECT person_id, multiIf(isNull(a0), 0, a0 >= toDecimal128('30.000001', 6), 3, a0 >= 18, 2, 1) AS p0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (toInt32(2026) - birth_year - if(toInt32(birth_month) * 100 + birth_day > 301, 1, 0)) AS av0
FROM customers FINAL)))
