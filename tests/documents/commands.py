#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Claim: every shell command in the pages works as it stands, but for ports, hosts and folders; one
that is not run is named here, with the reason.

A command of a block ```sh or ```console is either run, or started and ended with the test, or
skipped by a rule below. A command without a rule, and a rule without a command, is a failure. In a
block ```console the lines behind a command are its output.

    tests/documents/commands.py SENSE BINARY_FOLDER [ROOT]"""
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import pages

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from installation import Installation, free_port, wait_for

SECONDS = 60  # what one command may take

# Pages whose commands another test runs.
ELSEWHERE = {"docs/examples/foonly.md": "tests/integration/foonly.py runs this page",
             "docs/transports.md": "tests/integration/dtls.py runs these commands"}


class Command:
    """One command of a page: its text as a shell reads it, and what the page shows as its output."""

    def __init__(self, page, line, text):
        self.page, self.line, self.text = page, line, text
        self.output = []

    def place(self):
        return f"{self.page}:{self.line}: {self.text.splitlines()[0]}"


def is_whole(text):
    if text.endswith("\\"):
        return False
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def commands_of(page):
    for block in page.blocks:
        if block.language == "sh":
            yield from shell_commands(page.path, block)
        elif block.language == "console":
            yield from typed_commands(page.path, block)


def shell_commands(path, block):
    lines, start = [], 0
    for number, line in enumerate(block.lines, block.line):
        if not lines and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if lines else number
        lines.append(line)
        if is_whole("\n".join(lines)):
            yield Command(path, start, "\n".join(lines))
            lines = []
    if lines:
        yield Command(path, start, "\n".join(lines))


def typed_commands(path, block):
    command = None
    for number, line in enumerate(block.lines, block.line):
        if line.startswith("$ "):
            if command:
                yield command
            command = Command(path, number, line[2:])
        elif command:
            command.output.append(line)
    if command:
        yield command


# ---- where commands are run


class Session:
    """A folder in which commands of a page run, what they are to find there, and what was started."""

    def __init__(self, sense, binary, stack):
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self.binary = binary
        self.names = {}
        self.started = []
        programs = self.folder / "bin"
        programs.mkdir()
        (programs / "sense").symlink_to(os.path.abspath(sense))
        self.env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        stack.callback(self.end)

    def put(self, name, here):
        self.names[name] = str(here)

    def real(self, text):
        for name in sorted(self.names, key=len, reverse=True):
            text = text.replace(name, self.names[name])
        return text

    def program(self, name, text):
        """A program that the page takes for granted."""
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, text):
        """The command to its end: exit code, and what it printed."""
        done = subprocess.run(["bash", "-c", "set -o pipefail\n" + self.real(text)], cwd=self.folder,
                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
        return done.returncode, done.stdout

    def start(self, text):
        """Runs until the end of the session. Answers where its output goes."""
        log = self.folder / f"started-{len(self.started)}.log"
        with open(log, "w") as out:
            child = subprocess.Popen(["bash", "-c", "exec " + self.real(text).lstrip()], cwd=self.folder,
                                     env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                     stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append((child, log))
        return log

    def end(self):
        for child, _ in reversed(self.started):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)

    def logs(self):
        return "\n".join(f"---- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
                         for _, log in self.started)


# ---- what is done with a command


NOT_YET = "NOSERVER"  # what is printed until gateways know of one another


def answer(done):
    return None if NOT_YET in done[1] else done


def run(says=None, code=0):
    """It ends with this code, and prints this."""
    def act(session, command):
        got, output = wait_for(f"an answer to {command.text}",
                               lambda: answer(session.run(command.text)),
                               SECONDS)
        assert got == code, f"exit code {got}: {output[-1500:]}"
        assert says is None or says in output, f"'{says}' is not in: {output[-1500:]}"
    return act


def start(says):
    """It goes on until the end of the test, and prints this at some time soon."""
    def act(session, command):
        log = session.start(command.text)
        child = session.started[-1][0]

        def is_ready():
            assert child.poll() is None, f"ended with {child.returncode}: {log.read_text()[-1500:]}"
            return says in log.read_text()
        wait_for(f"'{says}' from: {command.text}", is_ready, SECONDS)
    return act


def shows(code=0):
    """It prints what the page shows."""
    def act(session, command):
        got, output = session.run(command.text)
        assert got == code, f"exit code {got}: {output[-1500:]}"
        assert output.splitlines() == command.output, f"printed: {output}"
    return act


def skip(reason):
    def act(_session, _command):
        return reason
    return act


# ---- the pages


def in_demo(session, root):
    """README: the demonstration on ports of this test."""
    (session.folder / "config").mkdir()
    (session.folder / "build").mkdir()
    text = (pathlib.Path(root) / "config/demo.yaml").read_text()
    for page, kind in (("127.0.0.1:7367", socket.SOCK_DGRAM), ("127.0.0.1:18080", socket.SOCK_STREAM),
                       ("127.0.0.1:1162", socket.SOCK_DGRAM)):
        assert page in text, f"config/demo.yaml does not listen on {page}"
        session.put(page, f"127.0.0.1:{free_port(kind)}")
    (session.folder / "config/demo.yaml").write_text(session.real(text))


def both_publishes_are_listened_to(session, _root):
    log = next(log for child, log in session.started if "listen" in " ".join(child.args))
    wait_for("the two events of the shop are delivered",
             lambda: log.read_text().count("{urn:example:shop}sold") >= 2, SECONDS)


def in_installation(session, _root):
    """A service with the ports that the documents take for granted."""
    installation = session.installation
    session.put("localhost:8080", f"127.0.0.1:{installation.ports['http']}")
    session.put("events.hq.example:8080", f"127.0.0.1:{installation.ports['http']}")
    session.put("127.0.0.1:7367", f"127.0.0.1:{installation.ports['sense']}")
    session.put("127.0.0.1:1162", f"127.0.0.1:{installation.ports['snmp']}")
    session.env["SENSE_CONFIG"] = str(installation.config)


def with_a_printer(session, root):
    in_installation(session, root)
    session.program("printer-monitor", "#!/bin/sh\nprintf '342 Printer jam\\nCover open\\n111 Ready\\n'\n")


def with_one_event(session, root):
    in_installation(session, root)
    code, output = session.run("sense publish '{urn:example}noted' //me --severity 5")
    assert code == 0, output
    # The journal may begin with events of the service itself: the page's first is this one.
    session.put("sense journal dump --limit 1", "sense journal dump --type '{urn:example}noted' --limit 1")


def the_mail_is_confirmed(session, command):
    """With the id and the token of the mail that asks."""
    box = session.installation.folder / "data/mail/unconfirmed/new"
    wait_for("a mail that asks", lambda: any(box.glob("*")), SECONDS)
    mail = next(box.glob("*")).read_text()
    subscription = re.search(r"s-[0-9A-Z]{26}", mail)[0]
    token = re.search(r"token: (\S+)", mail)[1]
    text = command.text.replace("s-01JD...", subscription).replace('"token": "..."', f'"token": "{token}"')
    assert text != command.text
    code, output = session.run(text)
    assert code == 0 and '"state":"active"' in output, output


def with_a_file_gateway(session, _root):
    files, config = session.folder / "files", session.folder / "files.yaml"
    files.mkdir()
    session.put("/var/lib/sense/files", files)
    data = session.folder / "data"
    config.write_text(f"data: {data}\ngateways: {{file: {{folder: {files}}}}}\nbus:\n" + "".join(
        f"  {name}: ipc://{data}/{name}\n" for name in ("service", "events", "publish")))
    session.env["SENSE_CONFIG"] = str(config)
    start("this gateway leads")(session, Command("docs/file-gateway.md", 1, "sense up"))


def an_event_is_a_line(session, _root):
    # Events before that are not for it.
    wait_for("the subscription is active",
             lambda: " active " in session.run("sense subscriptions list")[1], SECONDS)
    code, output = session.run("sense publish '{urn:example:printer}jam' //hq.example/printer/hp4")
    assert code == 0, output
    path = session.folder / "files/jams"
    wait_for("the event is a line", lambda: path.exists() and "{urn:example:printer}jam" in path.read_text(),
             SECONDS)


def with_keys(session, root):
    """docs/security.md: a broker of its own, with the configuration that the page shows on the left."""
    etc = session.folder / "etc"
    etc.mkdir()
    session.put("/etc/sense", etc)
    page = next(page for page in pages.pages(root) if page.path == "docs/security.md")
    block = next(block for block in page.blocks if block.lines[0].startswith("bus:  "))
    column = block.lines[0].index("bus:", 4)
    for port in ("7401", "7402", "7403"):
        session.put(f"0.0.0.0:{port}", f"127.0.0.1:{free_port(socket.SOCK_STREAM)}")
    left = "\n".join(line[:column].rstrip() for line in block.lines)
    data = session.folder / "data"
    (etc / "sense.yaml").write_text(session.real(left) + f"\ndata: {data}\n")
    right = "\n".join(line[column:] for line in block.lines)
    for key in ("service", "events", "publish", "key-file", "broker-key"):
        assert f"{key}:" in right, f"the client's configuration has no {key}"


def keys_and_a_line_for_the_shop(session, command):
    code, output = session.run(command.text)
    assert code == 0, output
    session.shop = next(line for line in output.splitlines() if 'name: "shop"' in line)


def the_access_file_is_begun(session, command):
    code, output = session.run(command.text)
    assert code == 0, output
    path = session.folder / "etc/allow.yaml"
    line = session.shop.strip()
    with open(path, "a") as file:
        file.write(f"  {line if line.startswith('-') else '- ' + line}\n")
    path.chmod(0o600)


BUILDS = "builds and runs everything: this test is a part of it, and CI runs it"

# For each page: what is prepared, the rules (how a command begins, what is done with it), and what
# is looked at in the end.
RULES = {
    "README.md": (in_demo, [
        ("./run.sh ", skip("installs packages and builds; CI runs it with --once")),
        ("./test.sh", skip(BUILDS)),
        ("export PATH=", skip("the test's PATH has the built executable already")),
        ("sense keys token shop", run("principal shop is in")),
        ("sense up", start("listening")),
        ("sense listen", start("subscribed as")),
        ("sense publish", run()),
        ("curl", run('"sequence":')),
        ("snmptrap", run()),
        ("sense subscriptions list", run("operator")),
        ("sense --help", run("Subcommands:")),
    ], both_publishes_are_listened_to),
    "CONTRIBUTING.md": (None, [
        ("./test.sh", skip(BUILDS)),
        ("cmake --preset tidy", skip("takes half an hour")),
        ("build/release/tests/gateways/host/gateway_host_tests", run("No errors detected")),
    ], None),
    "docs/building.md": (None, [
        ("./run.sh", skip("installs packages and builds; CI runs it")),
        ("./test.sh", skip(BUILDS)),
        ("cmake --", skip("builds; ./test.sh does the same")),
        ("ctest ", skip("runs inside of ctest already")),
    ], None),
    "docs/testing.md": (None, [
        ("./test.sh", skip(BUILDS)),
        ("tests/planted/run", skip("builds a part of the product for each mistake, for an hour in all")),
    ], None),
    "docs/writing-a-gateway.md": (None, [
        ("./test.sh", skip(BUILDS)),
        ("cmake ", skip("tests/documents/outside.py runs them")),
    ], None),
    "docs/events.md": (in_installation, [
        ("sense publish", run()),
        ("curl http://localhost:8080/v1/subscriptions", run('"state":')),
    ], None),
    "docs/file-gateway.md": (with_a_file_gateway, [("sense subscriptions create", run())],
                             an_event_is_a_line),
    "docs/http-gateway.md": (in_installation, [
        ("sense keys token shop", run("- {token:")),
        # The access file does not have it yet.
        ("curl http://localhost:8080/v1/subscriptions -H \"Authorization", run('"status":401')),
        ("openssl x509", skip("it shows a certificate of the reader")),
        ("curl -i http://localhost:8080/v1/events", run("202 Accepted")),
        ("curl -i http://localhost:8080/v1/subscriptions", run("201 Created")),
        ("sense keys signing hooks", run("whpk_")),
        ("curl -i http://localhost:8080/websub", run("202 Accepted")),
        ("curl http://localhost:8080/v1/subscriptions -d", run('"callback":"pull:"')),
    ], None),
    "docs/email-gateway.md": (in_installation, [
        ("curl -i http://localhost:8080/v1/subscriptions", run("201 Created")),
        ("curl -X POST", the_mail_is_confirmed),
        ("mutt", skip("an interactive mail reader, which the packages do not have")),
    ], None),
    "docs/snmp-adapter.md": (in_installation, [("snmptrap", run())], None),
    "docs/step.md": (with_a_printer, [
        ("printer-monitor | sense step", run("3 events")),
        ("sense listen", start("subscribed as")),
    ], None),
    "docs/filters.md": (with_one_event, [
        ("sense filter check", shows(code=1)),
        ("sense journal dump", shows(code=1)),
    ], None),
    "docs/security.md": (with_keys, [
        ("sense keys new broker", run()),
        ("sense keys new shop", keys_and_a_line_for_the_shop),
        ("printf", the_access_file_is_begun),
        ("sense keys list", run("shop")),
        ("sense broker", start("broker is ready")),
        ("sense subscribe --type '{urn:sense:audit}*'", skip("tests/integration/own_events.py runs it")),
    ], None),
}


def rule_for(rules, command):
    return next((number for number, (begin, _) in enumerate(rules) if command.text.startswith(begin)), None)


def unruled(found, rules_of):
    """Violations that can be seen without running anything: no rule, or a rule without a command."""
    for page, commands in found.items():
        if page in ELSEWHERE:
            continue
        rules = rules_of.get(page, (None, [], None))[1]
        used = set()
        for command in commands:
            number = rule_for(rules, command)
            if number is None:
                yield f"{command.place()}: neither run nor skipped: give it a rule in tests/documents/commands.py"
            used.add(number)
        for number, (begin, _) in enumerate(rules):
            if number not in used:
                yield f"{page}:1: the rule for '{begin}' has no command any more"
    for page in sorted(set(rules_of) - set(found)):
        yield f"{page}:1: there are rules for this page, and it has no command"


def run_page(session, root, commands, rules):
    """Violations; prints what was skipped and why."""
    prepare, actions, look = rules
    try:
        if prepare:
            prepare(session, root)
    except AssertionError as why:
        return [f"{commands[0].page}:1: {why}"]
    violations = []
    for command in commands:
        number = rule_for(actions, command)
        if number is None:
            continue
        try:
            skipped = actions[number][1](session, command)
            print(f"{command.place()}: {'skipped, ' + skipped if skipped else 'works'}", flush=True)
        except (AssertionError, StopIteration, subprocess.TimeoutExpired) as why:
            violations.append(f"{command.place()}: {why}\n{session.logs()}")
    try:
        if look and not violations:
            look(session, root)
    except AssertionError as why:
        violations.append(f"{commands[0].page}:1: {why}\n{session.logs()}")
    return violations


def check(sense, binary, root):
    found = {page.path: list(commands_of(page)) for page in pages.pages(root)}
    found = {path: commands for path, commands in found.items() if commands}
    violations = list(unruled(found, RULES))
    assert shutil.which("curl"), "curl is not installed; packages.txt names it"
    with contextlib.ExitStack() as stack:
        installation = stack.enter_context(Installation(sense))
        for path, rules in RULES.items():
            if path not in found:
                continue
            with contextlib.ExitStack() as one:
                session = Session(sense, binary, one)
                session.installation = installation
                session.put("build/release/", f"{os.path.abspath(binary)}/")
                violations += run_page(session, root, found[path], rules)
    for path, reason in ELSEWHERE.items():
        print(f"{path}: {len(found.get(path, []))} commands, {reason}")
    return violations, sum(map(len, found.values()))


if __name__ == "__main__":
    bad, count = check(sys.argv[1], sys.argv[2], pages.root_of(sys.argv[3:]))
    sys.exit(pages.report(bad, f"{count} commands"))
