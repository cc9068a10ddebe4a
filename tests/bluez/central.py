"""What runs in the guest: a phone's side on bleak. Prints a line of JSON for each step, with its seconds."""

import argparse
import asyncio
import json
import time
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from tests.bluez.uuids import COUNT, OPEN, SECRET

STEP_S = 30.0
"""No step takes so long, not even on a busy machine without KVM."""


def tell(step: str, began_s: float, **values: Any) -> None:
    """One step is done."""
    print(json.dumps({"step": step, "seconds": round(time.monotonic() - began_s, 2), **values}), flush=True)  # noqa: T201


async def found(address: str) -> BLEDevice:
    """The device, when it advertises."""
    began_s = time.monotonic()
    device = await BleakScanner.find_device_by_address(address, timeout=STEP_S)
    if device is None:
        raise TimeoutError(f"{address} was not seen within {STEP_S:.0f} s")
    tell("found", began_s, name=device.name)
    return device


async def read(client: BleakClient, name: str, uuid: str) -> None:
    """Read one characteristic."""
    began_s = time.monotonic()
    tell(name, began_s, value=bytes(await client.read_gatt_char(uuid)).decode())


async def bond(address: str) -> None:
    """Find, connect, pair, read, hear; lose the link; come back on the same bond."""
    lost = asyncio.Event()
    heard: asyncio.Queue[str] = asyncio.Queue()
    device = await found(address)
    began_s = time.monotonic()
    async with BleakClient(device, lambda _: lost.set(), timeout=STEP_S) as client:
        tell("connected", began_s)
        began_s = time.monotonic()
        await client.start_notify(COUNT, lambda _, value: heard.put_nowait(value.decode()))
        subscribed = client.services.get_characteristic(COUNT)
        assert subscribed is not None
        # Not mtu_size: bleak knows that only after a call of its own that is not public.
        tell("subscribed", began_s, longest_write=subscribed.max_write_without_response_size)
        tell("heard", began_s, value=[await heard.get() for _ in range(3)])
        await read(client, "open", OPEN)
        began_s = time.monotonic()
        await client.pair()
        tell("paired", began_s)
        await read(client, "secret", SECRET)
        began_s = time.monotonic()
        await lost.wait()
        tell("lost", began_s)
    began_s = time.monotonic()
    device = await found(address)
    async with BleakClient(device, timeout=STEP_S) as client:
        tell("reconnected", began_s)
        await read(client, "secret", SECRET)
        began_s = time.monotonic()
    tell("disconnected", began_s)


async def forgotten(address: str) -> None:
    """Pair; come back to a device that has lost its keys; remove the bond and pair anew."""
    lost = asyncio.Event()
    device = await found(address)
    async with BleakClient(device, lambda _: lost.set(), timeout=STEP_S) as client:
        await client.pair()
        await read(client, "secret", SECRET)
        began_s = time.monotonic()
        await lost.wait()
        tell("lost", began_s)
    device = await found(address)
    began_s = time.monotonic()
    try:
        async with BleakClient(device, timeout=STEP_S) as client:
            await read(client, "secret on a lost bond", SECRET)
    except BleakError as error:
        tell("refused", began_s, text=str(error))
    began_s = time.monotonic()
    await BleakClient(device).unpair()
    tell("unpaired", began_s)
    device = await found(address)
    async with BleakClient(device, timeout=STEP_S) as client:
        await client.pair()
        await read(client, "secret on a new bond", SECRET)


def main() -> None:
    """Run a scenario."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=["bond", "forgotten"])
    parser.add_argument("address")
    chosen = parser.parse_args()
    asyncio.run({"bond": bond, "forgotten": forgotten}[chosen.scenario](chosen.address))


if __name__ == "__main__":
    main()
