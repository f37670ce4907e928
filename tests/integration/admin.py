# SPDX-License-Identifier: Apache-2.0
"""Claim: each process has its own /livez, /readyz and /metrics, which are true while it runs, while the
broker is away and while it is stuck; what they tell is bounded, and names no client."""

import os
import re
import signal
import socket
import urllib.error
import urllib.request

from installation import DEADLINE, Installation, free_port, main, wait_for

PROCESSES = ("broker", "gateway sense", "gateway http", "gateway email", "gateway standby", "adapter snmp")
PATHS = ("/livez", "/readyz", "/metrics")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z_]+)="([^"\\]*)"')
LABEL_VALUES = {"gateway": {"sense", "http", "email", "standby"}, "adapter": {"snmp"},
                "outcome": {"delivered", "retry", "rejected", "gone", "stored", "duplicate", "refused"}}


class Administered(Installation):
    """The usual installation with two gateways for mail, one of which stands by, and an admin listener for
    each process."""

    def __init__(self, sense):
        super().__init__(sense)
        self.admin = {name: free_port(socket.SOCK_STREAM) for name in PROCESSES}
        self.admin["gateway http"] = self.ports["admin"]  # it has one in every installation
        text = self.config.read_text().replace(
            "adapters:\n", f"  standby: {{plugin: email, maildir: {self.folder}/data/mail}}\nadapters:\n")
        for name, port in self.admin.items():
            kind, _, part = name.partition(" ")
            if not part:
                text += f"broker: {{admin-listen: '127.0.0.1:{port}'}}\n"
            elif part != "http":
                text = text.replace(f"  {part}: {{", f"  {part}: {{admin-listen: '127.0.0.1:{port}', ")
        self.config.write_text(text)

    def ask(self, name, path, seconds=DEADLINE):
        """Status and body; (0, "") when there is no answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin[name]}{path}", timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def of_mail(self):
        """The samples of both gateways for mail: either may lead."""
        return {**self.metrics("gateway email"), **self.metrics("gateway standby")}

    def metrics(self, name):
        status, text = self.ask(name, "/metrics")
        assert status == 200, (name, status)
        return parsed(text)


def parsed(text):
    """{(name, labels): value} of the text format, of which every line is checked."""
    samples, kinds, helped = {}, {}, set()
    assert text.endswith("\n"), text[-100:]
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert NAME.fullmatch(name) and name not in helped, line
            helped.add(name)
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert kind in ("counter", "gauge", "histogram") and name not in kinds, line
            kinds[name] = kind
            continue
        found = SAMPLE.fullmatch(line)
        assert found, line
        name, inside, value = found.groups()
        labels = tuple(LABEL.findall(inside or ""))
        assert ",".join(f'{key}="{text}"' for key, text in labels) == (inside or ""), line
        family = name if name in kinds else re.sub("_(bucket|sum|count)$", "", name)
        assert family in kinds and family in helped, line
        assert (kinds[family] == "histogram") == (family != name), line
        assert (name, labels) not in samples, line
        samples[name, labels] = float(value)
        assert kinds[family] == "gauge" or float(value) >= 0, line
    for family in (name for name, kind in kinds.items() if kind == "histogram"):
        check_histogram(family, samples)
    return samples


def check_histogram(family, samples):
    series = {}
    for (name, labels), value in samples.items():
        if name == f"{family}_bucket":
            *others, (le, bound) = labels
            assert le == "le", labels
            series.setdefault(tuple(others), []).append((float(bound), value))
    assert series, family
    for labels, buckets in series.items():
        assert buckets == sorted(buckets), (family, buckets)
        assert [count for _, count in buckets] == sorted(count for _, count in buckets), (family, buckets)
        assert buckets[-1] == (float("inf"), samples[f"{family}_count", labels]), (family, buckets)
        assert (f"{family}_sum", labels) in samples, family


def label_values(samples):
    return {pair for _, labels in samples for pair in labels if pair[0] != "le"}


def total(samples, name, **wanted):
    """The sum over all series with these labels; 0 when there is none."""
    return sum(value for (found, labels), value in samples.items()
               if found == name and wanted.items() <= dict(labels).items())


def ready(it, name):
    return it.ask(name, "/readyz") == (200, "ok\n")


def all_answer(it):
    for name in PROCESSES:
        wait_for(f"{name} is ready", lambda: ready(it, name))
        assert it.ask(name, "/livez") == (200, "ok\n")
        assert it.ask(name, "/v1/events")[0] == 404
        it.metrics(name)


def broker_goes(it):
    others = [name for name in PROCESSES if name != "broker"]
    os.kill(it.pids()["broker"], signal.SIGSTOP)
    try:
        for name in others:
            wait_for(f"{name} misses the broker",
                     lambda: it.ask(name, "/readyz") == (503, "the broker does not answer\n"))
            assert it.ask(name, "/livez")[0] == 200
    finally:
        os.kill(it.pids()["broker"], signal.SIGCONT)
    for name in others:
        wait_for(f"{name} is ready again", lambda: ready(it, name))
    it.kill("broker")
    for name in PROCESSES:
        wait_for(f"{name} is ready after the broker's restart", lambda: ready(it, name))


def gateway_stops(it):
    pid = it.pids()["gateway http"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert it.ask("gateway http", "/livez", seconds=2) == (0, "")
        assert ready(it, "gateway email")
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for("the gateway is live again", lambda: it.ask("gateway http", "/livez")[0] == 200)


def labels_stay_bounded(it):
    """Many subscriptions, sources, types, ids and failed deliveries make no further series or value."""
    def serves_all():
        return total(it.of_mail(), "sense_gateway_deliveries_delivered_total") >= 20

    def shape():
        return {name: {(found, labels) for found, labels in it.metrics(name)} for name in PROCESSES}
    it.run("publish", "{urn:sense:test}one", "//test/one")
    before = shape()
    for number in range(20):
        body = (f'{{"callback": "mailto:secret-{number}@example.net", "types": ["{{urn:secret:{number}}}*"], '
                f'"period": "60s"}}')
        asked = urllib.request.Request(f"http://127.0.0.1:{it.ports['http']}/v1/subscriptions", body.encode(),
                                       {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=DEADLINE) as answer:
            assert answer.status == 201, answer.status
        assert it.trap("snmpinform", number)
    wait_for("the operator has 20 mails", serves_all)
    after = shape()
    for name in PROCESSES:
        text = it.ask(name, "/metrics")[1]
        assert "secret" not in text and "example.net" not in text, text
        values = label_values(it.metrics(name))
        assert all(value in LABEL_VALUES[label] for label, value in values), values
        assert len(after[name]) <= len(before[name]) + 20, (name, after[name] - before[name])
        assert {labels for _, labels in after[name]} <= {labels for _, labels in before[name]}, name


def measured(it):
    """What was published, stored and delivered is in the histograms."""
    broker, adapter, email = it.metrics("broker"), it.metrics("adapter snmp"), it.of_mail()
    assert total(broker, "sense_broker_ingest_seconds_count") >= 20, broker
    assert total(broker, "sense_broker_commit_requests_sum") >= 20, broker
    assert total(broker, "sense_broker_commit_seconds_count") == total(broker, "sense_broker_commit_requests_count")
    assert total(adapter, "sense_adapter_store_seconds_count", adapter="snmp", outcome="stored") == 20, adapter
    assert total(email, "sense_gateway_attempt_seconds_count", outcome="delivered") >= 20, email
    assert total(email, "sense_gateway_delivery_seconds_count") >= 20, email
    assert total(email, "sense_gateway_delivery_seconds_sum") < 20 * DEADLINE, email


def admin(it):
    all_answer(it)
    broker_goes(it)
    gateway_stops(it)
    labels_stay_bounded(it)
    measured(it)


if __name__ == "__main__":
    main(admin, Administered)
