"""What every page stands on: who visits, in which language and time zone, and what keeps strangers out.

A request enters, a :class:`unstuck.web.pages.base.visit.Visit` leaves; pages answer with its ``page`` and ``to``.
"""
