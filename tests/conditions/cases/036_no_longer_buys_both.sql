SELECT person_id, bitOr(hasAll(a0, ['A1', 'C3']), bitShiftLeft(hasAny(a1, ['A1']), 1)) AS b0
FROM (SELECT person_id, arraySort(groupUniqArrayIf(av0, av0 != '')) AS a0, arraySort(groupUniqArrayIf(av0, af0 AND av0 != '')) AS a1
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, at0 AS af0
FROM (SELECT person_id AS record_id, (nullIf(sku, '')) AS av0, ordered_at >= fromUnixTimestamp64Milli(1769875200000, 'UTC') AS at0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
