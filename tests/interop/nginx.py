# SPDX-License-Identifier: Apache-2.0
"""Claim: nginx as the receiver of web hooks, over TLS and HTTP/2, gets every event of a subscription by
its number, although nginx is stopped and answers 503 in between and the HTTP gateway is killed with
SIGKILL; and 410 ends the subscription."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys

from web_installation import WebInstallation, free_port, wait_for

EVENTS = 300  # in each of three parts

CONFIG = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 256; }}
http {{
  client_body_temp_path {folder}/client; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  log_format hooks escape=json '{{"status": $status, "http": "$server_protocol", "method": "$request_method", '
    '"number": "$http_sense_number", "signature": "$http_webhook_signature", "id": "$http_ce_id"}}';
  access_log {folder}/hooks.log hooks;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/localhost.pem; ssl_certificate_key {folder}/localhost.key;
    location /hook {{
      add_header WebHook-Allowed-Origin "*";
      if ($request_method = OPTIONS) {{ return 200; }}
      return {status};
    }}
  }}
}}
"""


def program():
    unpacked = pathlib.Path(sys.argv[2]) / "nginx/usr/sbin/nginx"
    if found := shutil.which(str(unpacked)) or shutil.which("nginx") or shutil.which("/usr/sbin/nginx"):
        return found
    print("skipped: there is no nginx; ./test.sh unpacks Debian's into build/interop")
    sys.exit(77)


class Receiving(WebInstallation):
    """With an authority of its own for localhost, which the gateway trusts there."""

    def __init__(self, sense):
        super().__init__(sense)
        self.certificate("localhost")
        self.configure(f'endpoints: ["localhost ca={self.folder}/localhost.pem"]')
        self.port = free_port(socket.SOCK_STREAM)
        self.nginx = None

    def answer_with(self, status):
        """nginx anew, which answers deliveries so."""
        self.stop_nginx()
        (self.folder / "nginx.conf").write_text(CONFIG.format(folder=self.folder, port=self.port, status=status))
        self.nginx = subprocess.Popen([program(), "-c", str(self.folder / "nginx.conf"),
                                       "-e", str(self.folder / "nginx.log")])
        self.children.append(self.nginx)
        wait_for("nginx listens", self.listens)

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop_nginx(self):
        if self.nginx is not None:
            self.nginx.terminate()
            self.nginx.wait(20)

    def hooks(self):
        text = (self.folder / "hooks.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.endswith("}")]

    def publish(self, first):
        batch = [{"specversion": "1.0", "id": str(i), "type": "{urn:a}x", "source": "//x"}
                 for i in range(first, first + EVENTS)]
        answers = self.ask("POST", "/v1/events", batch, "application/cloudevents-batch+json")
        assert len(answers["results"]) == EVENTS, answers

    def numbers(self):
        return {int(each["number"]) for each in self.hooks() if each["status"] == 204 and each["number"]}


def main():
    program()
    with Receiving(sys.argv[1]) as it:
        wait_for("the gateway answers", it.answers)
        it.answer_with(204)
        made = it.subscribe(f"https://localhost:{it.port}/hook", types=["{urn:a}*"],
                            delivery={"retry-initial": "1s", "retry-max": "1s"})
        it.publish(1)
        wait_for("the first part", lambda: len(it.numbers()) >= EVENTS)
        it.stop_nginx()
        it.publish(EVENTS + 1)
        it.answer_with(503)
        wait_for("nginx refuses some", lambda: [each for each in it.hooks() if each["status"] == 503])
        it.answer_with(204)
        it.kill("gateway http")
        wait_for("the gateway answers again", it.answers)
        it.publish(2 * EVENTS + 1)
        wait_for("all", lambda: it.numbers() == set(range(1, 3 * EVENTS + 1)))
        for each in it.hooks():
            assert each["http"] == "HTTP/2.0", each
            assert each["method"] == "OPTIONS" or each["signature"].startswith("v1,"), each
        it.answer_with(410)
        it.ask("POST", f"/v1/subscriptions/{made['id']}/test")
        wait_for("it has ended", lambda: it.run("subscriptions", "get", made["id"]).returncode != 0)
    print(f"nginx: {3 * EVENTS} events, none missing")


main()
