"""One module for each step; never edited after a release."""
