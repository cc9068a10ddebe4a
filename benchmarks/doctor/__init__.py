"""The public benchmark of the doctor (docs/reference/benchmark.md). What is measured: :mod:`unstuck.lab.benchmark`."""
