"""Helpers for the people who work on Unstuck. Not part of the product."""
