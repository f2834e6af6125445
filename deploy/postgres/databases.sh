#!/bin/bash
# Two roles and a database per service. The database is named like the service and owned by `<service>_owner`, as whom
# `migrate` signs in. The processes sign in as `<service>`, which owns nothing. Nobody else may connect.
# Runs once, on an empty data folder, and is safe to repeat: a database of an earlier version is given to its new owner.
set -euo pipefail
: "${SECRETS:=/run/secrets}"

for service in intake triage escalation notify; do
    psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
        --set service="$service" --set password="$(cat "$SECRETS/${service}_database_password")" \
        --set owner="${service}_owner" --set owner_password="$(cat "$SECRETS/${service}_owner_password")" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', role) FROM unnest(ARRAY[:'service', :'owner']) AS role
WHERE role NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE :"service" PASSWORD :'password';
ALTER ROLE :"owner" PASSWORD :'owner_password';
SELECT format('CREATE DATABASE %I', :'service')
WHERE :'service' NOT IN (SELECT datname FROM pg_database) \gexec
ALTER DATABASE :"service" OWNER TO :"owner";
REVOKE CONNECT, TEMPORARY ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
\connect :"service"
REASSIGN OWNED BY :"service" TO :"owner";
SQL
done
