"""Ids of the services and characteristics, as bleak writes them: lower case, whole."""

GATTLINK_SERVICE = "abbaff00-e56a-484c-b832-8b17cf6cbfe8"
"""The older id, which open implementations host and advertise."""

GATTLINK_SERVICE_SIG = "0000fd62-0000-1000-8000-00805f9b34fb"
"""The id that newer trackers of Fitbit host; a phone accepts either. Ours does not use it: it is Fitbit's."""

GATTLINK_RX = "abbaff01-e56a-484c-b832-8b17cf6cbfe8"
"""Phone to tracker: write without response, one Gattlink packet each."""

GATTLINK_TX = "abbaff02-e56a-484c-b832-8b17cf6cbfe8"
"""Tracker to phone: notifications, one Gattlink packet each. The link is up once the phone has subscribed."""

LINK_STATUS_SERVICE = "abbafd00-e56a-484c-b832-8b17cf6cbfe8"
CONNECTION_CONFIGURATION = "abbafd01-e56a-484c-b832-8b17cf6cbfe8"
CONNECTION_STATUS = "abbafd02-e56a-484c-b832-8b17cf6cbfe8"
SECURE = "abbafd03-e56a-484c-b832-8b17cf6cbfe8"
"""Reading it needs an encrypted link and so forces pairing; its value is not used."""

LINK_CONFIGURATION_SERVICE = "abbafc00-e56a-484c-b832-8b17cf6cbfe8"
"""Hosted by the phone; the tracker is its client."""
PREFERRED_CONFIGURATION = "abbafc01-e56a-484c-b832-8b17cf6cbfe8"
PREFERRED_MODE = "abbafc02-e56a-484c-b832-8b17cf6cbfe8"
GENERAL_PURPOSE_COMMAND = "abbafc03-e56a-484c-b832-8b17cf6cbfe8"

CONFIRMATION_SERVICE = "ac2f0045-8182-4be5-91e0-2992e6b40ebb"
"""Proves that the phone's copy of the attribute table is current."""
EPHEMERAL_POINTER = "ac2f0145-8182-4be5-91e0-2992e6b40ebb"
EPHEMERAL = "ac2f0345-8182-4be5-91e0-2992e6b40ebb"
"""Where the pointer leads; written with one zero byte."""

DEVICE_INFORMATION_SERVICE = "0000180a-0000-1000-8000-00805f9b34fb"
MANUFACTURER_NAME = "00002a29-0000-1000-8000-00805f9b34fb"
MODEL_NUMBER = "00002a24-0000-1000-8000-00805f9b34fb"
FIRMWARE_REVISION = "00002a26-0000-1000-8000-00805f9b34fb"
SERIAL_NUMBER = "00002a25-0000-1000-8000-00805f9b34fb"

BATTERY_SERVICE = "0000180f-0000-1000-8000-00805f9b34fb"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"
