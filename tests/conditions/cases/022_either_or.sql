SELECT person_id, bitOr(bitOr(l0, bitShiftLeft(l1, 1)), bitShiftLeft(l2, 2)) AS b0
FROM (SELECT person_id, ifNull(a0 IN ('f'), 0) AS l0, ifNull(toUInt8(a1) IN (1), 0) AS l1, ifNull(a2 >= toDecimal128('5000', 0) AND a2 <= toDecimal128('20000.5', 1), 0) AS l2
FROM (SELECT person_id, toNullable(av0) AS a0, toNullable(av1) AS a1, toNullable(av2) AS a2
FROM (SELECT *
FROM (SELECT person_id, (nullIf(gender, '')) AS av0, (is_vip) AS av1, (credit) AS av2
FROM customers FINAL))))
