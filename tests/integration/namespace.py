# SPDX-License-Identifier: Apache-2.0
"""A network of the test's own: a namespace whose loopback interface has addresses that are not 127.0.0.0/8,
so that clients come from several hosts and no datagram leaves the machine. As root, or as a user that may
make namespaces."""

import os
import subprocess
import sys

INSIDE = "SENSE_TEST_NAMESPACE"
GATEWAY, ATTACKER, OTHER = "192.0.2.1", "192.0.2.2", "192.0.2.3"  # RFC 5737


def set_up(addresses):
    added = [f"ip address add {each} dev lo" + (" nodad" if ":" in each else "") for each in addresses]
    return " && ".join(["ip link set lo up", *added])


def enter(addresses):
    """Runs the script again inside of the namespace, once; then whether it is there."""
    if INSIDE in os.environ:
        return True
    for rights in ([], ["--map-root-user"]):
        made = ["unshare", *rights, "--net", "--mount", "sh", "-c"]
        try:
            if subprocess.run([*made, set_up(addresses)], capture_output=True).returncode != 0:
                continue
        except OSError:
            return False
        os.environ[INSIDE] = "1"
        os.execvp(made[0], [*made, set_up(addresses) + ' && exec "$0" "$@"', sys.executable, *sys.argv])
    return False
