SELECT person_id, toUInt8(least(a0, 1) + 1) AS p0
FROM (SELECT person_id, uniqExactIf(av0, av0 != '') AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0
FROM (SELECT person_id AS record_id, (toString(order_id)) AS av0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at >= fromUnixTimestamp64Milli(1772251200000, 'UTC') AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
