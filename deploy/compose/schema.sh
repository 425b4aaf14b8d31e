#!/bin/sh
# Creates Temporal's databases, or migrates them to the version of these tools. temporal-sql-tool reads the connection from SQL_*.
set -eu

for database in temporal temporal_visibility; do
  export SQL_DATABASE=$database
  schema=postgresql/v12/${database#temporal_}
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "$schema"
done
