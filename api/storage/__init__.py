"""The database: tables, migrations, and every query that the service asks."""
