# SPDX-License-Identifier: Apache-2.0
"""An installation with an access file, and HTTP clients with bearer tokens."""

import http.client
import json
import os
import subprocess

from installation import Installation


class TokenInstallation(Installation):
    """`principals` are lines of the access file, with %(NAME)s where a token's proof is to stand; `more`
    is added to the section `broker` of the configuration, `http` to the HTTP gateway's."""

    def __init__(self, sense, tokens, principals, more="", http=""):
        super().__init__(sense)
        self.tokens = {name: self.make("token", name) for name in tokens}
        self.allow(principals)
        text = self.config.read_text()
        listen = f'http: {{listen: "127.0.0.1:{self.ports["http"]}"'
        assert "broker:" not in text and listen in text, text
        text = text.replace(listen, listen + (f", {http}" if http else ""))
        access = f"access-file: {self.folder / 'allow.yaml'}"
        self.config.write_text(text + f"broker: {{{access}{', ' + more if more else ''}}}\n")

    def make(self, kind, name):
        """The entry for the access file; the secret is in the file NAME."""
        made = subprocess.run([self.sense, "keys", kind, name, "--file", str(self.folder / name), "--json"],
                              capture_output=True, text=True, check=True)
        return json.loads(made.stdout).get("entry")

    def allow(self, principals):
        new = self.folder / "allow.new"
        new.write_text("principals:\n" + principals % self.tokens)
        os.chmod(new, 0o600)
        new.rename(self.folder / "allow.yaml")

    def client(self, token=None):
        return TokenClient(self, token)


class TokenClient:
    """One connection, kept open."""

    def __init__(self, it, token):
        self.port = it.ports["http"]
        self.headers = {}
        if token is not None:
            self.headers["authorization"] = "Bearer " + (it.folder / token).read_text().strip()
        self.connection = None

    def ask(self, method, path, body=None, content="application/json"):
        """The status and the JSON body."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body),
                                    {**self.headers, "content-type": content})
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, http.client.HTTPException):
            self.connection = None
            raise

    def publish(self, type, id):
        event = {"specversion": "1.0", "source": "//x", "type": type, "id": id}
        return self.ask("POST", "/v1/events", event, "application/cloudevents+json")[0]
