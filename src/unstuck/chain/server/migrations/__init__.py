"""Alembic's steps from one layout of the database to the next; run when the server starts."""
