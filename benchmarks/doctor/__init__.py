"""The public benchmark of the doctor; see docs/reference/benchmark.md. What is measured is :mod:`unstuck.lab.benchmark`."""
