"""Synthetic evidence, made by code: what a phone would hold in five stories. Never taken from a real person.

In at the top comes the name of a story; out at the bottom come files. The phone is the lab's; nothing here knows the
readers.
"""
