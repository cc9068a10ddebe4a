"""The real adb client for the tests here."""

from tests.lab.adbd.phones import adb_server

__all__ = ["adb_server"]
