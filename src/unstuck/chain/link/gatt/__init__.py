"""Gattlink's place in GATT: attribute values enter and leave as the types of the link. Source: Golden Gate.

Ids and values only; the tracker hosts them (``chain/tracker/bluetooth``), the phone reads them (``chain/phone``).
"""
