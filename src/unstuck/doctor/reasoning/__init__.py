"""States of findings and the knowledge enter; ranked causes, a plan behind the harm gate and the next question leave.

The model is described in docs/why/reasoning.md.
"""
