SELECT person_id, ifNull(toInt32(toMonth(a0)) * 100 + toDayOfMonth(a0) IN (301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315), 0) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (wedding) AS av0
FROM customers FINAL)))
