#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each kind of violation in a temporary tree and sees tidy.py find it, and nothing else."""
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # leaves nothing in the source tree
import tidy


def found(path, text):
    """The violations in a tree of this one file, without the path."""
    with tempfile.TemporaryDirectory() as root:
        place = os.path.join(root, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
        violations, count = tidy.check_tree(root)
        assert count == 1, "the file was not read"
        return [violation.removeprefix(path + ":") for violation in violations]


def include(path, header):
    start = "#pragma once\n" if path.endswith("hpp") else "\n"
    return found(path, start + f"#include {header}\n")


class Includes(unittest.TestCase):
    def allowed(self, path, header):
        self.assertEqual(include(path, header), [])

    def refused(self, path, header):
        violations = include(path, header)
        self.assertEqual(len(violations), 1, f"{path} {header}")
        self.assertTrue(violations[0].startswith("2: "), violations)

    def test_base_knows_nothing_of_the_product(self):
        self.allowed("core/base/a.cpp", '"core/base/b.hpp"')
        self.refused("core/base/a.cpp", '"core/event/event.hpp"')

    def test_core_folders_include_what_their_row_names(self):
        self.allowed("core/event/a.cpp", '"core/base/error.hpp"')
        self.refused("core/event/a.cpp", '"core/config/settings.hpp"')
        self.refused("core/storage/a.cpp", '"core/event/event.hpp"')
        self.refused("core/egress/a.cpp", '"core/config/settings.hpp"')
        self.allowed("core/subscription/a.cpp", '"core/event/event.hpp"')
        self.refused("core/subscription/a.cpp", '"core/bus/bus.hpp"')
        self.allowed("core/bus/a.cpp", '"core/subscription/subscription.hpp"')
        self.refused("core/bus/a.cpp", '"core/storage/journal.hpp"')
        self.refused("core/sense/a.cpp", '"core/bus/bus.hpp"')

    def test_core_never_includes_what_stands_on_it(self):
        for header in ("broker/broker.hpp", "gateways/api/gateway.hpp", "adapters/api/adapter.hpp",
                       "cli/base/loop.hpp"):
            self.refused("core/bus/a.cpp", f'"{header}"')

    def test_broker_gateways_and_adapters_stay_apart(self):
        self.refused("broker/a.cpp", '"gateways/api/gateway.hpp"')
        self.refused("broker/a.cpp", '"adapters/api/adapter.hpp"')
        self.refused("gateways/host/a.cpp", '"broker/broker.hpp"')
        self.refused("gateways/http/a.cpp", '"adapters/api/adapter.hpp"')
        self.refused("adapters/snmp/a.cpp", '"gateways/api/gateway.hpp"')
        self.refused("adapters/host/a.cpp", '"broker/broker.hpp"')

    def test_plugin_includes_core_its_api_and_itself_only(self):
        self.allowed("gateways/http/a.cpp", '"core/bus/bus.hpp"')
        self.allowed("gateways/http/a.cpp", '"gateways/api/gateway.hpp"')
        self.allowed("gateways/http/a.cpp", '"gateways/http/server.hpp"')
        self.refused("gateways/http/a.cpp", '"gateways/sense/message.hpp"')
        self.refused("gateways/http/a.cpp", '"gateways/host/host.hpp"')
        self.refused("adapters/snmp/a.cpp", '"adapters/step/step.hpp"')
        self.refused("adapters/snmp/a.cpp", '"adapters/host/host.hpp"')
        self.refused("gateways/api/a.hpp", '"gateways/host/host.hpp"')

    def test_command_line_sees_hosts_and_no_plugin(self):
        self.allowed("cli/a.cpp", '"broker/broker.hpp"')
        self.refused("cli/a.cpp", '"broker/journal/store.hpp"')
        self.allowed("cli/a.cpp", '"gateways/host/host.hpp"')
        self.refused("cli/a.cpp", '"gateways/http/server.hpp"')
        self.refused("cli/a.cpp", '"adapters/snmp/trap.hpp"')

    def test_product_never_includes_tests_and_tests_include_anything(self):
        self.refused("broker/a.cpp", '"tests/broker/fixture.hpp"')
        self.refused("core/base/a.cpp", '"tests/fixture.hpp"')
        self.allowed("tests/broker/a.cpp", '"broker/journal/store.hpp"')
        self.allowed("tests/broker/deep/a.cpp", '"tests/broker/fixture.hpp"')
        self.allowed("tests/broker/a.cpp", "<zmq.hpp>")

    def test_angle_brackets_do_not_hide_an_include(self):
        self.refused("core/base/a.cpp", "<core/event/event.hpp>")

    def test_folder_without_a_row_is_refused(self):
        self.refused("core/misc/a.cpp", '"core/base/error.hpp"')

    def test_what_others_copy_includes_its_own_by_name(self):
        self.allowed("gateways/sense/client/a.c", '"a.h"')
        self.allowed("docs/examples/a.c", '"a.h"')
        self.refused("gateways/sense/a.c", '"a.h"')
        self.refused("gateways/sense/client/a.c", '"broker/a.hpp"')

    def test_include_is_by_path_from_the_root(self):
        self.refused("core/base/a.cpp", '"error.hpp"')
        self.refused("core/base/a.cpp", '"../event/event.hpp"')

    def test_each_library_stays_in_its_place(self):
        for header, good, bad in [
                ("zmq.hpp", "core/bus/a.cpp", "gateways/http/a.cpp"),
                ("zmq.h", "broker/a.cpp", "cli/a.cpp"),
                ("msgpack.hpp", "core/event/a.cpp", "core/storage/a.cpp"),
                ("sqlite3.h", "core/storage/a.cpp", "broker/a.cpp"),
                ("curl/curl.h", "core/egress/a.cpp", "gateways/email/a.cpp"),
                ("curl/curl.h", "core/base/uri.cpp", "core/base/text.cpp"),
                ("yaml-cpp/yaml.h", "core/config/a.cpp", "cli/a.cpp"),
                ("net-snmp/net-snmp-config.h", "adapters/snmp/a.cpp", "adapters/host/a.cpp"),
                ("nlohmann/json.hpp", "cli/a.cpp", "cli/a.hpp"),
                ("spdlog/spdlog.h", "core/base/log.cpp", "core/base/text.cpp"),
                ("fmt/format.h", "core/base/log.cpp", "broker/a.cpp"),
                ("CLI/CLI.hpp", "cli/a.cpp", "broker/a.cpp"),
                ("boost/beast/http.hpp", "core/http/a.cpp", "gateways/http/a.cpp"),
                ("boost/beast.hpp", "cli/listen/http_client.cpp", "cli/listen/a.cpp"),
                ("openssl/evp.h", "core/base/random.cpp", "gateways/http/a.cpp"),
                ("xxhash.h", "core/base/hash.cpp", "broker/a.cpp"),
                ("systemd/sd-daemon.h", "cli/a.cpp", "broker/a.cpp")]:
            self.allowed(good, f"<{header}>")
            self.refused(bad, f"<{header}>")

    def test_system_headers_are_free(self):
        self.allowed("core/base/a.cpp", "<sys/stat.h>")
        self.allowed("gateways/sense/a.cpp", "<boost/asio/io_context.hpp>")


class Style(unittest.TestCase):
    def check(self, path, text, *lines):
        violations = found(path, text)
        self.assertEqual([int(v.split(":")[0]) for v in violations], list(lines), violations)

    def test_header_starts_with_pragma_once(self):
        self.check("core/base/a.hpp", "#pragma once\n")
        self.check("core/base/a.hpp", "// first\n#pragma once\n", 1)
        self.check("core/base/a.hpp", "", 1)

    def test_line_has_at_most_a_hundred_columns(self):
        self.check("core/base/a.cpp", "x" * 100 + "\n" + "ü" * 100 + "\n")
        self.check("core/base/a.cpp", "\n" + "x" * 101 + "\n", 2)

    def test_file_has_at_most_five_hundred_lines(self):
        self.check("core/base/a.cpp", "\n" * 500)
        self.check("core/base/a.cpp", "\n" * 501, 501)

    def test_unfinished_work_is_found_in_every_text(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX"):
            self.check("core/base/a.cpp", f"\n// {word}: later\n", 2)
            self.check("docs/a.md", f"{word}\n", 1)
        self.check("core/base/a.cpp", "// mkstemp(\"a-X" "XXXXX\")\n")

    def test_path_of_one_machine_is_found_in_every_text(self):
        self.check("README.md", "cd /wo" "rk/main\n", 1)
        self.check("config/a.yaml", "\ndata: /wo" "rk/x\n", 2)
        self.check("README.md", "cd frame/wo" "rk/x\n")

    def test_test_that_sleeps_is_found(self):
        self.check("tests/core/a.cpp", "std::this_thread::sleep_for(1s);\n", 1)
        self.check("tests/core/a.cpp", "\nusleep (1);\n", 2)
        self.check("tests/core/a.cpp", "::sleep(1);\n", 1)
        self.check("tests/core/a.cpp", "// no sleep_for(1s) here\nauto s = \"usleep(1)\";\n")
        self.check("cli/a.cpp", "::usleep(1);\n")

    def test_throw_in_the_product_is_found(self):
        self.check("broker/a.cpp", "void f() {\n  throw 1;\n}\n", 2)
        self.check("broker/a.cpp", "// we throw nothing\nauto s = \"throw\"; /* throw\nthrow */\n")
        self.check("broker/a.cpp", "auto n = 1'000; auto c = '\"'; throw c;\n", 1)
        self.check("broker/a.cpp", "auto s = R\"(a \" b\nthrow)\";\nthrow s;\n", 3)
        self.check("tests/a.cpp", "throw 1;\n")


class Tree(unittest.TestCase):
    def test_violation_names_file_line_and_reason(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "broker"))
            with open(os.path.join(root, "broker/a.cpp"), "w", encoding="utf-8") as file:
                file.write("\n#include <sqlite3.h>\n")
            violations, _ = tidy.check_tree(root)
        self.assertEqual(violations,
                         ["broker/a.cpp:2: <sqlite3.h> may be included only in core/storage"])


if __name__ == "__main__":
    unittest.main()
