SELECT person_id, toUInt8(least(a0, 1) + 1) AS p0
FROM (SELECT person_id, countIf(af0) AS a0
FROM (SELECT if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id, at0 AS af0
FROM (SELECT person_id AS record_id, ifNull((toDecimal64OrNull(JSONExtractString(properties, 'seconds'), 4)) >= 60, 0) AS at0
FROM interactions FINAL
WHERE person_id > 0 AND occurred_at < fromUnixTimestamp64Milli(1772337600001, 'UTC')) AS facts
LEFT JOIN (SELECT alias_id, person_id AS root_id
FROM person_aliases FINAL) AS aliases ON facts.record_id = aliases.alias_id)
GROUP BY person_id)
