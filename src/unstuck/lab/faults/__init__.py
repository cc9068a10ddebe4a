"""What can go wrong, on purpose: a world's state and a seed enter; the state as the fault makes it leaves, by steps.

One module a hop, and ``life`` for the ordinary gaps that are no fault. A fault changes the world, never the evidence.
"""
