#!/bin/sh
# One database and one role per service: no service can read another one's tables. Runs once, on an empty volume.
set -eu
for service in gateway profile scoring matching; do
  upper=$(echo "$service" | tr '[:lower:]' '[:upper:]')
  eval "password=\$${upper}_DB_PASSWORD"
  psql --set ON_ERROR_STOP=1 --set service="$service" --set password="$password" --username "$POSTGRES_USER" postgres <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
SQL
done
