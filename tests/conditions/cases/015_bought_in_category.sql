SELECT person_id, toUInt8(least(a0, 1) + 1) AS p0
FROM (SELECT person_id, uniqExactIf(av0, af0 AND av0 != '') AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, at0 AS af0
FROM (SELECT person_id AS record_id, (toString(order_id)) AS av0, ifNull((nullIf(category, '')) IN ('女装') OR startsWith((nullIf(category, '')), '女装/'), 0) AS at0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at >= fromUnixTimestamp64Milli(1769702400000, 'UTC') AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
