"""The public benchmark: a split, a seed and a number enter, and a case leaves; what a doctor said of many cases enters,
and how good it was leaves. Running them, alone or on a cluster, is :mod:`unstuck.lab.benchmark.run`."""
