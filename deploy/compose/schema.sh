#!/bin/sh
# Makes Temporal's databases, or brings them to the version of these tools. SQL_* say where, as temporal-sql-tool reads them.
set -eu

for database in temporal temporal_visibility; do
  export SQL_DATABASE=$database
  schema=postgresql/v12/${database#temporal_}
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "$schema"
done
