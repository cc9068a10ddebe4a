"""What BlueZ's words mean: the cases were seen with BlueZ 5.66 on Linux 6.12 (tests/bluez)."""

import subprocess
import sys

from unstuck.chain.phone.bluetooth import CUT_OFF_ENOUGH, cut_offs, pairing_outcome
from unstuck.chain.phone.reasons import Outcome


def test_a_new_agent_sees_a_lost_key_at_once() -> None:
    assert cut_offs("failed to discover services, device disconnected") >= CUT_OFF_ENOUGH


def test_one_link_lost_before_the_first_read_is_not_enough_for_that() -> None:
    assert 0 < cut_offs("[org.bluez.Error.Failed] Not connected") < CUT_OFF_ENOUGH


def test_a_connection_that_never_came_about_says_nothing_of_keys() -> None:
    assert cut_offs("[org.bluez.Error.Failed] le-connection-abort-by-local") == 0


def test_only_a_refusal_is_called_one() -> None:
    assert pairing_outcome("org.bluez.Error.AuthenticationFailed") is Outcome.PAIRING_REFUSED
    assert pairing_outcome("org.bluez.Error.AuthenticationCanceled") is Outcome.NOT_CONNECTED
    assert pairing_outcome("org.bluez.Error.NotReady") is None, "that says the same whatever was asked"


def test_the_agent_does_not_import_a_bluetooth_stack_of_its_own() -> None:
    script = "import sys, unstuck.cli.agent_run; print('bleak' in sys.modules, 'bumble' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
