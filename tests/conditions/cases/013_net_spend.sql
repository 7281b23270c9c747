SELECT people.person_id AS person_id, multiIf(isNull((if(isNull(toInt128(toDecimal128(s0.s0_0, 6) * 1000000)) AND isNull(toInt128(toDecimal128(s1.s1_0, 6) * 1000000)), NULL, ifNull(toInt128(toDecimal128(s0.s0_0, 6) * 1000000), 0) - ifNull(toInt128(toDecimal128(s1.s1_0, 6) * 1000000), 0)) AS p0v)), 0, p0v >= toInt128('1000000000'), 2, 1) AS p0
FROM (SELECT person_id
FROM customers FINAL
WHERE is_erased = 0) AS people
LEFT JOIN (SELECT person_id, sumOrNull(s0_v0) AS s0_0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, s0_v0
FROM (SELECT person_id AS record_id, (amount) AS s0_v0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id) AS s0 ON s0.person_id = people.person_id
LEFT JOIN (SELECT person_id, sumOrNull(s1_v0) AS s1_0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, s1_v0
FROM (SELECT person_id AS record_id, (amount) AS s1_v0
FROM refund_lines FINAL
WHERE person_id > 0 AND currency = 'CNY' AND refunded_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id) AS s1 ON s1.person_id = people.person_id
