"""What an adb client sends enters; what a phone's adb daemon answers leaves, from any object that plays the phone.

Everything but :mod:`server` is pure. Protocol: ``protocol.txt``, ``SYNC.TXT`` and ``shell_service.h`` of
https://android.googlesource.com/platform/packages/modules/adb; checked against real adb clients in the tests.
"""

from unstuck.lab.adbd.device import Device, ShellResult
from unstuck.lab.adbd.server import Adbd

__all__ = ["Adbd", "Device", "ShellResult"]
