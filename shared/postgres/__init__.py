"""PostgreSQL: the pool, the migrations, and waking the loops that wait for rows."""
