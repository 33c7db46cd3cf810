"""The gateway holds what it needs and no more."""

import subprocess
import sys


def test_the_gateway_loads_no_network_library() -> None:
    """It would take half a gigabyte and some seconds until the door is open."""
    load = "import sys, stream.wiring.gateway; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", load], capture_output=True, text=True).stdout == "False\n"
