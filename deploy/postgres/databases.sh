#!/bin/bash
# Runs once, on an empty data folder: a role and a database per service, both named like it; nobody else may connect.
set -euo pipefail
: "${SECRETS:=/run/secrets}"

for service in intake triage escalation notify; do
    psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
        --set service="$service" --set password="$(cat "$SECRETS/${service}_database_password")" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT, TEMPORARY ON DATABASE :"service" FROM PUBLIC;
SQL
done
