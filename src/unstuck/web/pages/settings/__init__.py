"""The settings: forms enter, changes by the server's own rules leave, and everything as a zip or nothing at all."""
