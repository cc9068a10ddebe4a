"""A view of a phone enters; what its services print leaves, in the line forms of its Android release.

Where a form comes from is said in ``docs/reference/lab-phone.md``: from real dumps, or from source alone.
"""
