"""What stands on SQLAlchemy and knows no web: databases, migrations, jobs, idempotency keys, the ledger."""
