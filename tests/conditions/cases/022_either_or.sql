SELECT person_id, bitOr(ifNull(a0 IN ('f'), 0), bitShiftLeft(ifNull(toUInt8(a1) IN (1), 0), 1)) AS b0, multiIf(isNull(a2), 0, a2 >= toDecimal128('20000.500001', 6), 3, a2 >= 5000, 2, 1) AS p0
FROM (SELECT person_id, toNullable(av0) AS a0, toNullable(av1) AS a1, toNullable(av2) AS a2
FROM (SELECT *
FROM (SELECT person_id, (nullIf(gender, '')) AS av0, (is_vip) AS av1, (credit) AS av2
FROM customers FINAL)))
