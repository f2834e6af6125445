-- Every column of a day or a moment has a CHECK: finite, and within what anything here can be about. asyncpg gives
-- `-infinity` as `datetime.min`, on which no sum can be made, so that one such row would end a loop.
-- It is applied after the migrations, however often they run: a column that is added later gets its CHECK by itself.
-- Values from before are moved to the nearest bound, which keeps their order and every other CHECK.
DO $$
DECLARE
    bounded record;
BEGIN
    FOR bounded IN
        SELECT t.oid::regclass AS name,
               string_agg(format('ADD CONSTRAINT %I CHECK (%2$I >= %3$L AND %2$I < %4$L)', c.conname, a.attname,
                                 c.low, c.high), ', ') AS checks,
               string_agg(format('NOT (%1$I >= %2$L AND %1$I < %3$L)', a.attname, c.low, c.high), ' OR ') AS outside,
               string_agg(format('%1$I = CASE WHEN %1$I < %3$L THEN %3$L WHEN %1$I > %2$L THEN %2$L ELSE %1$I END', a.attname,
                                 c.last, c.low), ', ')
                   FILTER (WHERE a.attgenerated = '') AS moved
          FROM pg_class t
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
         CROSS JOIN LATERAL (SELECT left(format('%s_%s_in_bounds', t.relname, a.attname), 63) AS conname,
                                    '1800-01-01 00:00:00+00' AS low, '2300-01-01 00:00:00+00' AS high,
                                    '2299-12-31 00:00:00+00' AS last) c
         WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'
           AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype)
           AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.conname = c.conname)
         GROUP BY t.oid
    LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', bounded.name);
        IF bounded.moved IS NOT NULL THEN
            EXECUTE format('UPDATE %s SET %s WHERE %s', bounded.name, bounded.moved, bounded.outside);
        END IF;
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', bounded.name);
        EXECUTE format('ALTER TABLE %s %s', bounded.name, bounded.checks);
    END LOOP;
END $$;
