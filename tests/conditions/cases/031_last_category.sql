SELECT person_id, ifNull(a0 IN ('女装') OR startsWith(a0, '女装/'), 0) AS b0
FROM (SELECT person_id, argMaxOrNullIf(av0, (av1, av0), av0 != '' AND isNotNull(av0)) AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, av1
FROM (SELECT person_id AS record_id, (nullIf(category, '')) AS av0, ordered_at AS av1
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
