SELECT person_id, ifNull(a0 IN ('北京'), 0) AS b0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (nullIf(city, '')) AS av0
FROM customers FINAL)));

SELECT person_id, multiIf(isNull(a0), 0, a0 >= toDecimal128('1000.000001', 6), 2, 1) AS p0
FROM (SELECT person_id, sumOrNull(av0) AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0
FROM (SELECT person_id AS record_id, (amount) AS av0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
