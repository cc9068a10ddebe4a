"""The tracker as a Bluetooth LE peripheral: phones' links enter; adverts, attribute values and Gattlink packets leave.

``peripheral`` advertises, bonds and hosts the services on a ``host``, ``session`` is one phone's link,
``pace`` how fast it runs.
"""
