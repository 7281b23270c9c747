SELECT person_id, bitOr(isNotNull(a0), bitShiftLeft(isNotNull(a1), 1)) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0, toNullable(av1) AS a1
FROM (SELECT *
FROM (SELECT person_id, (toInt32(birth_month) * 100 + birth_day) AS av0, (registered_at) AS av1
FROM customers FINAL)))
