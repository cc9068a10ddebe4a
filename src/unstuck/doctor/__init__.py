"""Facts enter; findings, a network of causes, a plan and finally a diagnosis leave.

Everything here is pure: the time is an argument and nothing is opened but the knowledge files.
"""
