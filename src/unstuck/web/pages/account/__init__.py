"""Signing in and out, and making an account: forms enter, a session in a cookie leaves."""
