"""How the database came to be what it is: alembic migrations, views included."""
