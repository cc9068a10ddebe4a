"""The report: a diagnosis enters, one self-contained HTML page leaves.

The entry is :func:`unstuck.web.report.html.report`.
"""
