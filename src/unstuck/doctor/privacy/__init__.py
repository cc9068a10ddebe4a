"""A diagnosis enters; the same diagnosis without anything that names a person, a device or a place leaves.

The same thing always becomes the same pseudonym.
"""
