"""Alembic's entry: runs the steps on the connection that the server gives it."""

from alembic import context

from unstuck.chain.server.storage.schema import metadata

# render_as_batch: SQLite cannot change a column in place.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
