# SPDX-License-Identifier: Apache-2.0
"""An installation that is asked by HTTP, for tests with programs that the project did not write."""

import json
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from installation import Installation, free_port, wait_for  # noqa: E402


class WebInstallation(Installation):
    def configure(self, http):
        """Adds options to the HTTP gateway's, before it is started."""
        text = self.config.read_text()
        listen = f'listen: "127.0.0.1:{self.ports["http"]}"'
        assert listen in text
        self.config.write_text(text.replace(listen, f"{listen}, {http}"))

    def certificate(self, name):
        """NAME.pem, signed by itself, and NAME.key."""
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.pem",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
                       check=True, capture_output=True)
        (self.folder / f"{name}.key").chmod(0o600)

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
