"""Accounts get an id for agents to know them by, and room for secrets that are encrypted."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the id, different for each account there is."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("public_id", sa.String(length=32), nullable=True))
        for name in ("totp_secret", "totp_pending"):
            accounts.alter_column(name, existing_type=sa.String(length=64), type_=sa.String(length=128))
    table = sa.table("accounts", sa.column("id", sa.BigInteger), sa.column("public_id", sa.String))
    connection = op.get_bind()
    for (account,) in connection.execute(sa.select(table.c.id)).all():
        row = sa.update(table).where(table.c.id == account).values(public_id=secrets.token_hex(16))
        connection.execute(row)
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("public_id", existing_type=sa.String(length=32), nullable=False)
        accounts.create_unique_constraint(op.f("uq_accounts_public_id"), ["public_id"])
