"""The tables. The account leads every key but three: a token is found by its id, a claim by its tracker,
a release is of no account.

Times are Unix seconds. Records are kept as chunks, the batches as they came (cut where part of them was
held already): a row for each minute would cost forty times the space and the time of ingest, and the
series are always read by span.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints: migrations must be able to name what they change, on every database."""

metadata = MetaData(naming_convention=_CONVENTION)

_Account = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only columns that are called INTEGER."""


def _account() -> Column[int]:
    return Column("account_id", _Account, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)


accounts = Table(
    "accounts",
    metadata,
    Column("id", _Account, primary_key=True, autoincrement=True),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("credentials", Integer, nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("totp_secret", String(128)),
    Column("totp_pending", String(128)),
    Column("totp_last_step", BigInteger, nullable=False),
)
"""``public_id`` is random, so that no two servers give the same: agents know by it whose records they hold.
``credentials`` counts changes of password and second factor: a login begun before one must not end after it."""

recovery_codes = Table(
    "recovery_codes",
    metadata,
    _account(),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("used_at", Float(53)),
)

tokens = Table(
    "tokens",
    metadata,
    _account(),
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53)),
    Column("last_used_at", Float(53)),
    Column("revoked_at", Float(53)),
    Column("revoked", String(32)),
    Index(None, "id", unique=True),
)

preferences = Table(
    "preferences",
    metadata,
    _account(),
    Column("language", String(16), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("clock", String(8), nullable=False),
    Column("theme", String(8), nullable=False),
)
"""How a person wants pages to be; empty: as the browser says. No row: all of it so."""

trackers = Table(
    "trackers",
    metadata,
    _account(),
    Column("tracker", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("claimed_at", Float(53), nullable=False),
    Column("released_at", Float(53)),
)

claims = Table(
    "claims",
    metadata,
    Column("tracker", String(64), primary_key=True),
    Column("account_id", _Account, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Index(None, "account_id"),
)
"""Who has a tracker now: one account. ``trackers`` keeps who ever had it, with their own records."""

chunks = Table(
    "chunks",
    metadata,
    _account(),
    Column("tracker", String(64), primary_key=True),
    Column("boot", BigInteger, primary_key=True),
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("received_at", Float(53), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "account_id", "tracker", "starts"),
)

told = Table(
    "told",
    metadata,
    _account(),
    Column("tracker", String(64), primary_key=True),
    Column("hop", String(16), primary_key=True),
    Column("token_id", String(16), primary_key=True),
    Column("told_at", Float(53), nullable=False),
    Column("state", Text, nullable=False),
)
"""What an agent last told of a hop, as JSON; of the tracker the newest counts, of phones all together."""

releases = Table(
    "releases",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("product", String(32), primary_key=True),
    Column("version", String(24), primary_key=True),
    Column("published_at", Float(53), nullable=False),
    Column("withdrawn_at", Float(53)),
    Column("signed", LargeBinary, nullable=False),
    Column("image", LargeBinary, nullable=False),
)
"""Of nobody's account. A row is never changed but by being withdrawn: a version means one image for ever."""

guides = Table(
    "guides",
    metadata,
    _account(),
    Column("updated_at", Float(53), nullable=False),
    Column("document", Text, nullable=False),
)
"""The guided session of an account as JSON: one at a time, so that it can be left and resumed on any screen."""

fixes = Table(
    "fixes",
    metadata,
    _account(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)
"""What was tried from the pages, an entry each as JSON; written before the act, so that it can be taken back."""

kept_evidence = Table(
    "kept_evidence",
    metadata,
    _account(),
    Column("id", String(32), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("given_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""What was read of files, packed, where the person wants it kept; never the files themselves."""

cases = Table(
    "cases",
    metadata,
    _account(),
    Column("id", String(32), primary_key=True),
    Column("made_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("digest", LargeBinary(32)),
    Column("withdrawn_at", Float(53)),
    Column("checks", String(64), nullable=False),
    Column("opened", Integer, nullable=False),
    Column("opened_at", Float(53)),
    Column("bundle", LargeBinary, nullable=False),
    Index(None, "digest", unique=True),
)
"""Case files for a support desk. ``digest``: of the link's secret; none: it has no link. ``checks``: what the desk may
look at again, ids with spaces between. ``opened``: how often the link was opened."""

case_notes = Table(
    "case_notes",
    metadata,
    _account(),
    Column("case_id", String(32), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Float(53), nullable=False),
    Column("by", String(8), nullable=False),
    Column("text", Text, nullable=False),
    ForeignKeyConstraint(["account_id", "case_id"], ["cases.account_id", "cases.id"], ondelete="CASCADE"),
)
