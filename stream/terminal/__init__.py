"""What commands share: options, questions to Postgres, tables, JSON and progress."""
