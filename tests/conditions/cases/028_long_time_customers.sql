SELECT person_id, multiIf(isNull(a0), 0, a0 >= fromUnixTimestamp64Milli(1740758400000, 'UTC'), 2, 1) AS p0
FROM (SELECT person_id, toNullable(av0) AS a0
FROM (SELECT *
FROM (SELECT person_id, (registered_at) AS av0
FROM customers FINAL)))
