"""What the pages for finding and mending keep: sessions, what was tried, what was read of evidence, cases."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; nobody has begun anything yet."""
    op.create_table(
        "guides",
        _account("guides"),
        sa.Column("updated_at", sa.Float(53), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_guides")),
    )
    op.create_table(
        "fixes",
        _account("fixes"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "number", name=op.f("pk_fixes")),
    )
    op.create_table(
        "kept_evidence",
        _account("kept_evidence"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("given_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_kept_evidence")),
    )
    op.create_table(
        "cases",
        _account("cases"),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.Float(53), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32)),
        sa.Column("withdrawn_at", sa.Float(53)),
        sa.Column("checks", sa.String(length=64), nullable=False),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Float(53)),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_digest"), "cases", ["digest"], unique=True)
    op.create_table(
        "case_notes",
        _account("case_notes"),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("by", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "case_id"],
            ["cases.account_id", "cases.id"],
            name=op.f("fk_case_notes_account_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "case_id", "number", name=op.f("pk_case_notes")),
    )


def _account(table: str) -> sa.Column[int]:
    return sa.Column(
        "account_id",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        sa.ForeignKey("accounts.id", ondelete="CASCADE", name=op.f(f"fk_{table}_account_id")),
        nullable=False,
    )
