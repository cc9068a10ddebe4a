"""Every fault by its id."""

from collections.abc import Mapping

from unstuck.lab.faults import bluetooth, life, phone, server, tracker
from unstuck.lab.faults.fault import Fault

FAULTS: Mapping[str, Fault] = {
    fault.id: fault for fault in (*tracker.FAULTS, *life.FAULTS, *bluetooth.FAULTS, *phone.FAULTS, *server.FAULTS)
}
"""What can be wrong, one or more for each cause of the catalogue (tested)."""

HEALTHY: Mapping[str, Fault] = {fault.id: fault for fault in life.HEALTHY}
"""What is no fault at all."""
