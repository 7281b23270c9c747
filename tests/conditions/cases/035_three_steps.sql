SELECT people.person_id AS person_id, arrayExists(before -> before + 86400000 < 1772337600000 AND NOT arrayExists(fact -> fact > before AND fact - before <= 86400000, s1.s1_0), arrayFilter(fact -> arrayExists(before -> fact > before AND fact - before <= 3600000, s0.s0_0), s0.s0_1)) AS b0
FROM (SELECT person_id
FROM customers FINAL
WHERE is_erased = 0) AS people
LEFT JOIN (SELECT person_id, arraySort(groupArrayIf(s0_v0, s0_f0)) AS s0_0, arraySort(groupArrayIf(s0_v0, s0_f1)) AS s0_1
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, s0_v0, s0_t0 AS s0_f0, s0_t1 AS s0_f1
FROM (SELECT person_id AS record_id, toUnixTimestamp64Milli(occurred_at) AS s0_v0, ifNull((nullIf(kind, '')) IN ('browse'), 0) AS s0_t0, ifNull((nullIf(kind, '')) IN ('cart'), 0) AS s0_t1
FROM interactions FINAL
WHERE person_id > 0 AND occurred_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id) AS s0 ON s0.person_id = people.person_id
LEFT JOIN (SELECT person_id, arraySort(groupArray(s1_v0)) AS s1_0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, s1_v0
FROM (SELECT person_id AS record_id, toUnixTimestamp64Milli(ordered_at) AS s1_v0
FROM order_lines FINAL
WHERE person_id > 0 AND order_kind = 'sale' AND currency = 'CNY' AND ordered_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id) AS s1 ON s1.person_id = people.person_id
