"""Permits enter and are carried out on a phone or on the system bus; what the other side said leaves.

A hand does nothing without a permit, knows no plan and asks nobody.
"""
