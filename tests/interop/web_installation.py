# SPDX-License-Identifier: Apache-2.0
"""An installation that is asked by HTTP, for tests with programs that the project did not write."""

import json
import pathlib
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from installation import Installation, wait_for  # noqa: E402


class WebInstallation(Installation):
    def url(self, path):
        return f"http://127.0.0.1:{self.ports['http']}{path}"

    def ask(self, method, path, body=None, type="application/json"):
        request = urllib.request.Request(self.url(path), method=method, headers={"Content-Type": type},
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def answers(self):
        try:
            return self.ask("GET", "/v1/health")
        except OSError:
            return None

    def subscribe(self, callback, **more):
        """The subscription as its creation was answered, once it is active."""
        made = self.ask("POST", "/v1/subscriptions", {"callback": callback, **more})
        path = f"/v1/subscriptions/{made['id']}"
        wait_for("it is active", lambda: self.ask("GET", path)["state"] == "active")
        return made
