SELECT person_id, ifNull(a1 IN (0), 0) AS b0, toUInt8(least(a0, 2) + 1) AS p0
FROM (SELECT person_id, uniqExactIf(av0, af0 AND av0 != '') AS a0, uniqExactIf(av0, af1 AND av0 != '') AS a1
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, at0 AND at1 AS af0, at0 AND at2 AS af1
FROM (SELECT person_id AS record_id, (toString(order_id)) AS av0, ifNull((nullIf(sku, '')) IN ('A1'), 0) AS at0, ordered_at >= fromUnixTimestamp64Milli(1767110400000, 'UTC') AS at1, ordered_at >= fromUnixTimestamp64Milli(1769702400000, 'UTC') AS at2
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at >= fromUnixTimestamp64Milli(1767110400000, 'UTC') AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id);

SELECT person_id, hasAny(a0, ['gold']) AS b0
FROM (SELECT person_id, arraySort(groupUniqArrayIf(av0, av0 != '')) AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0
FROM (SELECT person_id AS record_id, (nullIf(tag, '')) AS av0
FROM person_tags FINAL
WHERE person_id > 0) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
