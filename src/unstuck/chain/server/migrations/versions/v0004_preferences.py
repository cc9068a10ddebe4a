"""How a person wants pages to be: language, time zone, clock, theme."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has chosen anything yet."""
    op.create_table(
        "preferences",
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("accounts.id", ondelete="CASCADE", name=op.f("fk_preferences_account_id")),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("clock", sa.String(length=8), nullable=False),
        sa.Column("theme", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_preferences")),
    )
