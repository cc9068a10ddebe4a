"""The server: accounts, ingest, ledger. Rules are in ``domain``, SQL in ``storage``, HTTP in ``routes``."""
