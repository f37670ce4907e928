# SPDX-License-Identifier: Apache-2.0
"""The table of faults at its full counts: one Part for each command that runs a share of a row."""
import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass
class Part:
    """A share of a row: what it asks for, and the command that runs some of that.

    In `command` and `environment`, {count} is how much one command is asked to do, {seed} a fresh
    number, {build} the folder of the build. A part whose command does a fixed amount has no {count}:
    that amount is its `chunk`."""

    name: str
    row: str              # of docs/testing.md
    asked: int
    unit: str
    chunk: int            # how much one command does; so much is lost when it is interrupted
    command: str
    environment: dict = dataclasses.field(default_factory=dict)
    per_round: int = 1    # {count} is chunk / per_round
    needs: str = ""       # a file without which it cannot be run
    timed: bool = False   # has a bound of time: wants a quiet machine, runs last

    def filled(self, text, count, seed, build):
        return text.format(count=max(1, count // self.per_round), seed=seed, build=build)

    def shown(self, count, seed, build):
        """The command as it would be typed."""
        words = [f"{name}={self.filled(value, count, seed, build)}"
                 for name, value in self.environment.items()]
        return " ".join([*words, self.filled(self.command, count, seed, build)])


def integration(name):
    return f"/usr/bin/python3 tests/integration/{name}.py $PWD/{{build}}/sense"


def suite(program, name):
    return f"{{build}}/tests/{program} --run_test={name} --log_level=message"


def fuzz_targets():
    return sorted(path.stem for path in (ROOT / "tests/fuzz").glob("*_fuzz.cpp"))


BROKER, SENSE = "broker/broker_tests", "gateways/sense/gateway_sense_tests"
SEEDED = {"SENSE_SEED": "{seed}"}

KILLS = "kill -9 of broker, gateways and adapters"
POWER = "power cut on ext4 and XFS, with a control that must lose"
DAMAGE = "damage of the journal"
CALLS = "the k-th call fails; a full disk"
NETWORK = "UDP that loses, doubles and reorders"
STOPPED = "9 of 10 subscribers stopped"
CLOCK = "the wall clock jumps by ten years"
PARSERS = "fuzzing with AddressSanitizer and UndefinedBehaviorSanitizer; ThreadSanitizer"
FORGED = "forged acknowledgements and spoofed registrations"
EGRESS = "notations of addresses for egress"
RIGHTS = "rights matrix"
PLANTED = "planted bugs"
SOAK = "soak"

PARTS = [
    Part("kill", KILLS, 1001, "kills, of seven processes in turn", 49, integration("kill_nine"),
         {"SENSE_KILL_ROUNDS": "{count}"}, per_round=7),
    Part("kill-ledger", KILLS, 1000, "kills of the broker", 50, integration("ledger"),
         {"SENSE_LEDGER_KILLS": "{count}", **SEEDED}),
    Part("kill-clients", KILLS, 100, "kills of the gateway under two clients in C", 10,
         integration("small_clients"), {"SENSE_KILL_ROUNDS": "{count}"}),
    Part("power", POWER, 500, "cuts, half on each file system, and as many of the control", 20,
         integration("power_cut"), {"SENSE_POWER_CUTS": "{count}", **SEEDED}, per_round=2),
    Part("damage-flips", DAMAGE, 20000, "bit flips", 1000,
         suite(BROKER, "damage_tests/flipped*"), {"SENSE_DAMAGE_FLIPS": "{count}", **SEEDED}),
    Part("damage-cuts", DAMAGE, 4096, "cuts of the file, and as many of its WAL", 4096,
         suite(BROKER, "damage_tests/file*,wal*"), {"SENSE_DAMAGE_CUTS": "4096", **SEEDED}),
    Part("calls", CALLS, 1400, "calls of the broker", 70, integration("failing_calls"),
         {"SENSE_FAILING_CALLS": "{count}", **SEEDED}),
    Part("calls-edges", CALLS, 840, "calls of gateways and adapters", 84, integration("failing_edges"),
         {"SENSE_FAILING_EDGE_CALLS": "{count}", **SEEDED}),
    Part("calls-sqlite", CALLS, 1, "run over each call of SQLite to the disk", 1,
         suite(BROKER, "failing_disk_tests")),
    Part("full-disk", CALLS, 20, "full disks", 1, integration("full_disk"), SEEDED),
    Part("udp", NETWORK, 180, "seeds at 0 to 40 %", 18, suite(SENSE, "sense_network_tests")),
    Part("udp-kernel", NETWORK, 3000, "events at 20 % each way", 300, integration("lossy_network"),
         {"SENSE_LOSSY_EVENTS": "{count}", **SEEDED}),
    Part("stopped", STOPPED, 3, "times 30 s", 3, integration("stopped_subscribers"),
         {"SENSE_STOPPED_SECONDS": "30"}, timed=True),
    Part("clock", CLOCK, 100, "jumps", 10, integration("clock_jumps"),
         {"SENSE_CLOCK_JUMPS": "{count}"}),
    Part("forged", FORGED, 1000000, "forged acknowledgements, and as many spoofed datagrams",
         1000000, suite(SENSE, "sense_flood_tests")),
    Part("egress", EGRESS, 80, "notations", 80,
         suite("core/egress/core_egress_tests", "policy_tests")),
    Part("rights", RIGHTS, 1, "run over all cells", 1, suite(BROKER, "rights_matrix_tests")),
    Part("planted", PLANTED, 1, "run over all planted bugs", 1, "tests/planted/run"),
    *[Part(f"fuzz-{target}", PARSERS, 600, "s", 30, f"tests/fuzz/run {{count}} {target}")
      for target in fuzz_targets()],
    Part("fuzz-asan", PARSERS, 32, "s of mutations of each corpus", 4,
         "ctest --test-dir build/asan -R _fuzz$ --output-on-failure",
         needs="build/asan/tests/fuzz/qname_fuzz"),
    Part("soak", SOAK, 40, "minutes", 40, "tests/faults/soak $PWD/{build}/sense --minutes {count}"),
    Part("asan", PARSERS, 1, "run of the unit tests", 1, "./test.sh --preset asan --unit"),
    Part("tsan", PARSERS, 1, "run of all tests", 1, "./test.sh --preset tsan"),
]
