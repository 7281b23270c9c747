SELECT person_id, multiIf(isNull((if(ifNull(toInt128(toDecimal128(a1, 6) * 1000000), 0) > 0, intDiv(ifNull(toInt128(toDecimal128(a0, 6) * 1000000), 0) * 1000000, if(ifNull(toInt128(toDecimal128(a1, 6) * 1000000), 0) > 0, ifNull(toInt128(toDecimal128(a1, 6) * 1000000), 0), 1)), NULL) AS p0v)), 0, p0v >= toInt128('500000'), 2, 1) AS p0
FROM (SELECT person_id, sumOrNullIf(av0, af0) AS a0, sumOrNullIf(av0, af1) AS a1
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, av0, at0 AND at1 AS af0, at2 AND at3 AS af1
FROM (SELECT person_id AS record_id, (amount) AS av0, ordered_at >= fromUnixTimestamp64Milli(1769702400000, 'UTC') AS at0, ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC') AS at1, ordered_at >= fromUnixTimestamp64Milli(1767067199999, 'UTC') AS at2, ordered_at < fromUnixTimestamp64Milli(1769702400000, 'UTC') AS at3
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at >= fromUnixTimestamp64Milli(1767067199999, 'UTC') AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
