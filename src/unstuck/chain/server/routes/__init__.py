"""HTTP: requests in, answers out; decisions are made in ``domain``."""
