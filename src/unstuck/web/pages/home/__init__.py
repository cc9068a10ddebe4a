"""The first page and the days: the server's ledger and the agent's door enter, what a person sees of them leaves."""
