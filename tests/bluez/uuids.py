"""Characteristics of the plain peripheral. Apart, because the guest would take seconds to import Bumble with them."""

SERVICE = "f000aa00-0451-4000-b000-000000000000"
OPEN = "f000aa01-0451-4000-b000-000000000000"
SECRET = "f000aa02-0451-4000-b000-000000000000"
COUNT = "f000aa03-0451-4000-b000-000000000000"
