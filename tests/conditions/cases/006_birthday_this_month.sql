SELECT person_id, ifNull(a0 IN (301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 330, 331), 0) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (toInt32(birth_month) * 100 + birth_day) AS av0
FROM customers FINAL)))
