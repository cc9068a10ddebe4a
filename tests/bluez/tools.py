"""What the guest is made of: the host's programs, and a kernel image of Debian unpacked into a folder.

The guest runs the host's user space, so it needs the host's architecture. The kernel comes from the archive through
apt, which checks its signature; nothing of it is installed.
"""

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
"""The checkout; the guest sees it where the host has it."""

CACHE = REPOSITORY / "temp" / "bluez"
"""Kernels, and the logs of the last run. Git ignores it, and ``make clean`` removes it."""

PATH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/libexec/bluetooth", "/usr/lib/bluetooth"]
)
"""Debian keeps daemons and module tools out of a user's path, and releases differ in where bluetoothd is."""

PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "bluetoothd": "bluez",
    "btmon": "bluez",
    "busybox": "busybox-static",
    "modprobe": "kmod",
    "depmod": "kmod",
    "cpio": "cpio",
    "dbus-daemon": "dbus",
    "ip": "iproute2",
    "apt-get": "apt",
    "apt-cache": "apt",
    "dpkg-deb": "dpkg",
}
"""Program, and Debian's package that brings it."""

META_PACKAGES = ["linux-image-6.12-amd64", "linux-image-amd64"]
"""They depend on a newest kernel. The first that apt knows is taken; Ubuntu has none of them.

6.12 is Debian 13's, and on offer for 12. The 6.1.192 of Debian 12 has a fault: when a device has lost its keys, the
kernel stumbles over a list (``hci_chan_del``, a BUG on the console), which kills bluetoothd and leaves Bluetooth
unsound."""

APT_LIMIT_S = 300
"""70 MB from the archive over a slow line."""


class GuestError(Exception):
    """The guest cannot be made, did not come up or fell silent; the text says what to do or what it said last."""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel."""

    version: str
    image: Path
    modules: Path
    """The folder ``lib/modules``, in which the version is a folder."""


def program(name: str) -> str:
    """Where a program is.

    Raises:
        GuestError: It is not installed.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        raise GuestError(f"{name} is missing; install it with: sudo apt install {PACKAGES[name]}")
    return found


def missing() -> str:
    """Why no guest can be made here, in one line; empty if it can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"the BlueZ guest needs Linux on x86_64; this is {platform.system()} on {platform.machine()}"
    absent = sorted({package for name, package in PACKAGES.items() if shutil.which(name, path=PATH) is None})
    if absent:
        return f"the BlueZ guest needs more programs: sudo apt install {' '.join(absent)}"
    if not offered() and not kept():
        return f"the BlueZ guest needs a kernel, and apt does not know {META_PACKAGES[-1]}: sudo apt update, on Debian"
    return ""


def offered() -> str:
    """The version of the newest kernel that apt knows of; empty if none."""
    for package in META_PACKAGES:
        depends = [program("apt-cache"), "depends", package]
        listed = subprocess.run(depends, capture_output=True, text=True, check=False)
        if found := re.search(r"Depends: linux-image-(\S+)", listed.stdout):
            return found.group(1)
    return ""


def kept() -> str:
    """The kernel version that was unpacked last; empty if none."""
    complete = sorted(CACHE.glob("kernel/*/complete"), key=lambda path: path.stat().st_mtime)
    return complete[-1].parent.name if complete else ""


def kernel() -> Kernel:
    """The newest kernel, fetched and unpacked if it is not in the cache.

    Raises:
        GuestError: There is none, or apt could not fetch it.
    """
    version = offered() or kept()
    if not version:
        raise GuestError(missing())
    folder = CACHE / "kernel" / version
    if not (folder / "complete").exists():
        fetch(version, folder)
    return Kernel(version, folder / "boot" / f"vmlinuz-{version}", folder / "lib" / "modules")


def fetch(version: str, folder: Path) -> None:
    """Download a kernel package and unpack it; the file ``complete`` is written last."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Without this apt complains that its unprivileged user cannot write here; as another user it is ignored.
    sandbox = ["-o", "APT::Sandbox::User=root"]
    said(["apt-get", *sandbox, "--quiet=2", "download", f"linux-image-{version}"], folder)
    (package,) = folder.glob("*.deb")
    said(["dpkg-deb", "--extract", str(package), "."], folder)
    package.unlink()
    said(["depmod", "--basedir", str(folder), version], folder)
    (folder / "complete").touch()


def said(command: list[str], folder: Path) -> str:
    """What a host program printed.

    Raises:
        GuestError: It failed or took too long.
    """
    try:
        done = subprocess.run(
            [program(command[0]), *command[1:]],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=APT_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise GuestError(f"'{' '.join(command)}' did not end within {APT_LIMIT_S} s") from error
    if done.returncode:
        raise GuestError(f"'{' '.join(command)}' failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
