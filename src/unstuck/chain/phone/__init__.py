"""The phone's agent: what a tracker holds enters; records that are safe on disk, then at the server, leave.

``gate`` and ``engine`` decide and do nothing, ``journal`` keeps, ``drain`` and ``upload`` do one side each,
``agent`` runs both in a rhythm.
"""
