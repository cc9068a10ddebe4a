"""The catalogue as data: causes, findings, questions, fixes and steps, each number with its source.

TOML files enter; the frozen types of :mod:`unstuck.doctor.knowledge.schema` leave.
"""
