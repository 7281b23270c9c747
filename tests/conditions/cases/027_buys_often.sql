SELECT person_id, multiIf(isNull((if(ifNull((if(isNull((toInt128(a2) * 1000000)) AND isNull((toInt128('1000000'))), NULL, ifNull((toInt128(a2) * 1000000), 0) - ifNull((toInt128('1000000')), 0))), 0) > 0, intDiv(ifNull((toInt128(intDiv(toUnixTimestamp64Milli(a1) - toUnixTimestamp64Milli(a0), 86400000)) * 1000000), 0) * 1000000, if(ifNull((if(isNull((toInt128(a2) * 1000000)) AND isNull((toInt128('1000000'))), NULL, ifNull((toInt128(a2) * 1000000), 0) - ifNull((toInt128('1000000')), 0))), 0) > 0, ifNull((if(isNull((toInt128(a2) * 1000000)) AND isNull((toInt128('1000000'))), NULL, ifNull((toInt128(a2) * 1000000), 0) - ifNull((toInt128('1000000')), 0))), 0), 1)), NULL) AS p0v)), 0, p0v >= toInt128('60000001'), 2, 1) AS p0
FROM (SELECT person_id, minOrNull(av0) AS a0, maxOrNull(av0) AS a1, uniqExactIf(av1, av1 != '') AS a2
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, av1
FROM (SELECT person_id AS record_id, (ordered_at) AS av0, (toString(order_id)) AS av1
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
