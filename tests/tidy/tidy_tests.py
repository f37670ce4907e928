#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each kind of violation in a temporary tree and sees tidy.py find it, and nothing else."""
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True  # leaves nothing in the source tree
import tidy

SPDX = f"// {tidy.LICENCE}\n"


def check_tree(files):
    """The violations in a tree of these files, a dictionary from path to text."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            place = os.path.join(root, path)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "w", encoding="utf-8") as file:
                file.write(text)
        violations, count = tidy.check_tree(root)
        assert count == len(files), "a file was not read"
        return violations


def found(path, text):
    """The violations in a tree of this one file, without the path."""
    return [violation.removeprefix(path + ":") for violation in check_tree({path: text})]


def source(path, body):
    """A C++ file with what must stand at its top: three lines in a header, two elsewhere."""
    return SPDX + ("#pragma once\n" if path.endswith(".hpp") else "") + "\n" + body


class Classes(unittest.TestCase):
    def counts(self, body):
        return {name: count for _, name, count in tidy.classes_of(body)}

    def test_functions_are_counted_and_nothing_else(self):
        self.assertEqual(self.counts("""
            #define NOT_A(class) class Hidden { void f(); };
            // class Comment { void f(); };
            class Some final : public Base<int> {
             public:
              Some() = default;                                  // not counted
              Some(const Some&) = delete;                        // not counted
              explicit Some(int a) : a_(a), b_{a, {a}} { go(); }    // 1
              ~Some() override { stop(); }                       // 2
              [[nodiscard]] static Result<int> make(std::function<void(int)> done);  // 3
              bool operator()(int a) const { return a < 2; }     // 4
              friend bool operator==(const Some&, const Some&) = default;
              friend void swap(Some&, Some&);
              template <class T>
              void each(T call) { for (int i = 0; i < 2; ++i) { call(i); } }  // 5
              virtual void nothing() {}                          // 6
              using Done = std::function<void(int)>;
              enum class Kind { one, two };
              struct Inner { int a = f(1); int g() const { return a; } };
              static_assert(sizeof(int) == 4);
             private:
              int a_ = go(3);
              const std::function<void(int)> later_ = [this](int a) { put(a); };
              std::vector<int> b_{1, 2};
              std::array<std::pair<int, void (*)(int)>, 2> c_{};
              Timer timer_{reactor_, [this] { tick(); }};
            };
            """), {"Some": 6, "Inner": 1})

    def test_classes_in_a_class_and_beside_it_count_by_themselves(self):
        self.assertEqual(self.counts("struct A { void f(); class B { void g(); void h(); }; };\n"
                                     "class C;\nenum class D { e };\nstruct F {};\n"),
                         {"A": 1, "B": 2, "F": 0})

    def test_line_is_that_of_the_head(self):
        self.assertEqual([line for line, _, _ in tidy.classes_of("\n// x\nclass A {\n};\n")], [3])


class Contracts(unittest.TestCase):
    def refused(self, body, *names, path="core/base/a.hpp"):
        violations = found(path, source(path, body))
        self.assertEqual([v.split()[1] for v in violations], list(names), violations)

    def test_each_class_of_a_header_has_a_comment_directly_above_it(self):
        self.refused("namespace a {\n// One.\nclass A {};\nstruct B {};\n\n// Away.\n\n"
                     "template <class T>\nclass C final : public D<void()> {};\n}\n", "B", "C")
        self.refused("namespace a {\n// One.\nclass A {};\n/* Two. */\ntemplate <class T>\n"
                     "struct B {};\n}\n")
        self.refused("namespace a {\nnamespace b {\nclass A {};\n}\n}\n", "A")
        self.refused('extern "C" {\nstruct A {};\n}\n', "A")
        self.refused("inline int f() { return 1; }\nstruct A {\n  int a = 1;\n} a;\n", "A")

    def test_comment_above_the_namespace_is_that_of_an_only_class(self):
        self.refused("// One.\nnamespace a {\n\nclass A {};\n}\n")
        self.refused("namespace b {\nclass B;\n}\n\n// One.\nnamespace a {\nclass A {};\n}\n")
        self.refused("// One.\nnamespace b {\nclass B;\n}\n\nnamespace a {\nclass A {};\n}\n", "A")
        self.refused("// Two.\nnamespace a {\nclass A {};\nclass B {};\n}\n", "A", "B")

    def test_line_is_that_of_the_declaration_with_its_template(self):
        violations = found("core/base/a.hpp", source("a.hpp", "\ntemplate <class T>\nclass A {};\n"))
        self.assertEqual([v.split(":")[0] for v in violations], ["5"])

    def test_what_defines_no_class_of_the_namespace_needs_none(self):
        self.refused("namespace a {\nclass A;\nstruct B;\nenum class C { c };\n"
                     "struct tm now() { return {}; }\n"
                     "inline void f() {\n  struct Local {};\n}\n"
                     "#define STRUCT struct Hidden {};\nconstexpr int x{1};\n"
                     "// One.\nclass D {\n  struct Inner {};\n  class Other;\n};\n}\n")

    def test_only_headers_of_the_product_are_held_to_it(self):
        for path in ("core/base/a.cpp", "tests/core/base/a.hpp"):
            self.refused("namespace a {\nclass A {};\n}\n", path=path)


class Includes(unittest.TestCase):
    def allowed(self, path, header):
        self.assertEqual(found(path, source(path, f"#include {header}\n")), [], f"{path} {header}")

    def refused(self, path, header):
        violations = found(path, source(path, f"#include {header}\n"))
        self.assertEqual(len(violations), 1, f"{path} {header}: {violations}")
        line = 4 if path.endswith(".hpp") else 3
        self.assertTrue(violations[0].startswith(f"{line}: "), violations)

    def test_base_knows_nothing_of_the_product(self):
        self.allowed("core/base/a.cpp", '"core/base/b.hpp"')
        self.refused("core/base/a.cpp", '"core/event/event.hpp"')

    def test_core_folders_include_what_their_row_names(self):
        self.allowed("core/event/a.cpp", '"core/base/error.hpp"')
        self.refused("core/event/a.cpp", '"core/config/settings.hpp"')
        self.refused("core/storage/a.cpp", '"core/event/event.hpp"')
        self.refused("core/egress/a.cpp", '"core/config/settings.hpp"')
        self.allowed("core/subscription/a.cpp", '"core/event/event.hpp"')
        self.allowed("core/subscription/a.cpp", '"core/filter/filter.hpp"')
        self.refused("core/subscription/a.cpp", '"core/bus/bus.hpp"')
        self.allowed("core/bus/a.cpp", '"core/subscription/subscription.hpp"')
        self.refused("core/bus/a.cpp", '"core/storage/journal.hpp"')
        self.refused("core/sense/a.cpp", '"core/bus/bus.hpp"')
        self.refused("core/http/a.cpp", '"core/event/event.hpp"')

    def test_a_row_is_for_one_folder_and_not_for_those_below(self):
        self.allowed("core/sense/transport/a.cpp", '"core/sense/message.hpp"')
        self.refused("core/sense/transport/a.cpp", '"core/event/event.hpp"')
        self.refused("core/sense/a.cpp", '"core/sense/transport/udp.hpp"')
        self.refused("core/base/deep/a.cpp", '"core/base/error.hpp"')
        self.refused("broker/journal/a.cpp", '"broker/broker.hpp"')
        self.refused("gateways/host/engine/a.cpp", '"gateways/host/host.hpp"')

    def test_two_stars_are_a_folder_with_all_below_it(self):
        self.allowed("broker/a.cpp", '"broker/journal/store.hpp"')
        self.allowed("broker/a.cpp", '"core/sense/transport/udp.hpp"')
        self.allowed("gateways/host/a.cpp", '"gateways/host/engine/engine.hpp"')
        self.allowed("cli/a.cpp", '"cli/publish/commands.hpp"')

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
        self.allowed("cli/daemons/a.cpp", '"broker/broker.hpp"')
        self.refused("cli/daemons/a.cpp", '"broker/journal/store.hpp"')
        self.allowed("cli/daemons/a.cpp", '"gateways/host/host.hpp"')
        self.refused("cli/daemons/a.cpp", '"gateways/http/server.hpp"')
        self.refused("cli/daemons/a.cpp", '"adapters/snmp/trap.hpp"')

    def test_commands_of_one_folder_know_nothing_of_another(self):
        self.allowed("cli/publish/a.cpp", '"cli/base/command.hpp"')
        self.allowed("cli/publish/a.cpp", '"cli/sense/sense_session.hpp"')
        self.refused("cli/publish/a.cpp", '"cli/listen/commands.hpp"')
        self.refused("cli/base/a.cpp", '"cli/publish/commands.hpp"')
        self.refused("cli/a.cpp", '"broker/broker.hpp"')

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
                ("zmq.h", "broker/a.cpp", "cli/bus/a.cpp"),
                ("msgpack/pack.hpp", "core/event/a.cpp", "core/storage/a.cpp"),
                ("sqlite3.h", "core/storage/a.cpp", "broker/a.cpp"),
                ("curl/curl.h", "core/egress/a.cpp", "gateways/email/a.cpp"),
                ("curl/curl.h", "core/base/uri.cpp", "core/base/text.cpp"),
                ("yaml-cpp/yaml.h", "core/config/a.cpp", "cli/config/a.cpp"),
                ("gmime/gmime.h", "gateways/email/a.cpp", "gateways/http/a.cpp"),
                ("nlohmann/json.hpp", "cli/keys/a.cpp", "cli/keys/a.hpp"),
                ("simdjson.h", "core/event/cloudevents_json.cpp", "core/event/a.cpp"),
                ("spdlog/spdlog.h", "core/base/log.cpp", "core/base/text.cpp"),
                ("fmt/format.h", "core/base/log.cpp", "broker/a.cpp"),
                ("CLI/CLI.hpp", "cli/base/command_line.cpp", "cli/publish/publish.cpp"),
                ("boost/beast/http.hpp", "core/http/a.cpp", "gateways/http/a.cpp"),
                ("boost/beast.hpp", "cli/listen/http_client.cpp", "cli/listen/a.cpp"),
                ("openssl/evp.h", "core/base/random.cpp", "gateways/http/a.cpp"),
                ("utf8proc.h", "core/filter/functions.cpp", "core/base/text.cpp"),
                ("xxhash.h", "core/base/hash.cpp", "broker/a.cpp"),
                ("systemd/sd-daemon.h", "cli/daemons/a.cpp", "broker/a.cpp")]:
            self.allowed(good, f"<{header}>")
            self.refused(bad, f"<{header}>")

    def test_system_headers_are_free(self):
        self.allowed("core/base/a.cpp", "<sys/stat.h>")
        self.allowed("gateways/sense/a.cpp", "<boost/asio/io_context.hpp>")


class Style(unittest.TestCase):
    def check(self, path, text, *lines):
        violations = found(path, text)
        self.assertEqual([int(v.split(":")[0]) for v in violations], list(lines), violations)

    def test_source_starts_with_its_licence(self):
        self.check("core/base/a.cpp", SPDX)
        self.check("core/base/a.cpp", "int a;\n" + SPDX, 1)
        self.check("core/base/a.cpp", "", 1)
        self.check("gateways/sense/client/a.c", f"/* {tidy.LICENCE} */\n")
        for path in ("tests/a.py", "tests/a.sh", "core/CMakeLists.txt", "cmake/a.cmake"):
            self.check(path, f"# {tidy.LICENCE}\n")
            self.check(path, "# something else\n", 1)
        self.check("tests/a.sh", f"#!/usr/bin/env bash\n# {tidy.LICENCE}\n")
        self.check("tests/a.sh", f"#!/usr/bin/env bash\n\n# {tidy.LICENCE}\n", 1)
        self.check("docs/a.md", "# A document\n")

    def test_header_has_pragma_once_behind_its_licence(self):
        self.check("core/base/a.hpp", SPDX + "#pragma once\n")
        self.check("core/base/a.hpp", SPDX + "// first\n#pragma once\n", 2)
        self.check("core/base/a.hpp", SPDX, 2)
        self.check("core/base/a.hpp", "#pragma once\n" + SPDX, 1, 2)

    def test_line_has_at_most_a_hundred_columns(self):
        self.check("core/base/a.cpp", SPDX + "x" * 100 + "\n" + "ü" * 100 + "\n")
        self.check("core/base/a.cpp", SPDX + "x" * 101 + "\n", 2)

    def test_file_has_at_most_so_many_lines_with_its_licence_not_counted(self):
        most = tidy.FILE_LENGTH_MAX
        self.check("core/base/a.cpp", SPDX + "\n" * most)
        self.check("core/base/a.cpp", SPDX + "\n" * (most + 1), most + 1)

    def test_longer_file_needs_a_row_that_says_why(self):
        text = source("core/base/a.cpp", "int a;\n" * tidy.FILE_LENGTH_MAX)
        self.assertEqual(len(found("core/base/a.cpp", text)), 1)
        with mock.patch.object(tidy, "FILES_LONGER", {"core/base/a.cpp": "one table"}):
            self.assertEqual(found("core/base/a.cpp", text), [])

    def test_class_has_at_most_so_many_member_functions(self):
        most = tidy.CLASS_FUNCTIONS_MAX
        def of(count):
            return source("core/base/a.cpp", "class Big {\n" + "  void f(int a);\n" * count + "};\n")
        self.assertEqual(found("core/base/a.cpp", of(most)), [])
        self.assertEqual(len(found("core/base/a.cpp", of(most + 1))), 1)
        with mock.patch.object(tidy, "CLASSES_LARGER", {"core/base/a.cpp: Big": "a visitor"}):
            self.assertEqual(found("core/base/a.cpp", of(most + 1)), [])

    def test_exceptions_are_needed_and_have_a_reason(self):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        def read(path):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                return file.read()
        for path, why in tidy.FILES_LONGER.items():
            self.assertGreater(len(read(path).split("\n")) - 2, tidy.FILE_LENGTH_MAX, path)
            self.assertTrue(why, path)
        for row, why in tidy.CLASSES_LARGER.items():
            path, name = row.split(": ")
            counts = [count for _, of, count in tidy.classes_of(read(path)) if of == name]
            self.assertGreater(max(counts, default=0), tidy.CLASS_FUNCTIONS_MAX, row)
            self.assertTrue(why, row)

    def test_unfinished_work_is_found_in_every_text(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX"):
            self.check("core/base/a.cpp", SPDX + f"// {word}: later\n", 2)
            self.check("docs/a.md", f"{word}\n", 1)
        self.check("core/base/a.cpp", SPDX + "// mkstemp(\"a-X" "XXXXX\")\n")

    def test_path_of_one_machine_is_found_in_every_text(self):
        self.check("README.md", "cd /wo" "rk/main\n", 1)
        self.check("config/a.yaml", "\ndata: /wo" "rk/x\n", 2)
        self.check("README.md", "cd frame/wo" "rk/x\n")

    def test_test_that_sleeps_is_found(self):
        self.check("tests/core/a.cpp", SPDX + "std::this_thread::sleep_for(1s);\n", 2)
        self.check("tests/core/a.cpp", SPDX + "\nusleep (1);\n", 3)
        self.check("tests/core/a.cpp", SPDX + "::sleep(1);\n", 2)
        self.check("tests/core/a.cpp",
                   SPDX + "// no sleep_for(1s) here\nauto s = \"usleep(1)\";\n")
        self.check("cli/a.cpp", SPDX + "::usleep(1);\n")

    def test_mac_that_is_not_compared_by_equal_secret_is_found(self):
        for line in ("return mac_text(a, b) == claim.mac;", "if (claim->mac != given) return;",
                     "bool same = text == hmac_sha256(key, text);"):
            with self.subTest(line):
                self.assertEqual(len(found("core/sense/a.cpp", source("core/sense/a.cpp", line))), 1)
        for line in ("return equal_secret(mac_text(a, b), claim.mac);", "if (mac_at == 0) return;"):
            with self.subTest(line):
                self.assertEqual(found("core/sense/a.cpp", source("core/sense/a.cpp", line)), [])

    def test_throw_in_the_product_is_found(self):
        self.check("broker/a.cpp", SPDX + "void f() {\n  throw 1;\n}\n", 3)
        self.check("broker/a.cpp",
                   SPDX + "// we throw nothing\nauto s = \"throw\"; /* throw\nthrow */\n")
        self.check("broker/a.cpp", SPDX + "auto n = 1'000; auto c = '\"'; throw c;\n", 2)
        self.check("broker/a.cpp", SPDX + "auto s = R\"(a \" b\nthrow)\";\nthrow s;\n", 4)
        self.check("tests/a.cpp", SPDX + "throw 1;\n")


class Words(unittest.TestCase):
    def refused(self, path, text, *words):
        violations = found(path, text)
        self.assertEqual([v.split("'")[1] for v in violations], list(words), violations)

    def code(self, body, *words):
        self.refused("cli/base/a.cpp", SPDX + body, *words)

    def test_every_word_of_the_table_is_found_and_has_an_advice(self):
        planted = {
            "lane": "Lane lane_;", "tickets": "// the tickets", "bury": "void bury();",
            "letter": "Letter a;", "pump": "pump();", "let go": "let_go();", "park": "park();",
            "unparked": "bool unparked_;", "unfixed": "// unfixed", "enclose": "enclose();",
            "seldom": "struct Seldom;", "checkpoint round": "int checkpoint_round;",
            "door": "Door a;", "allow file": "read_allow_file();", "stranger": "// a stranger",
            "asker": "Asker a;", "upkeep": "Upkeep a;", "ballast": "Ballast a;",
            "occasionally": "// occasionally", "arrivals": "Arrivals a;", "swarm": "Swarm a;",
            "contestant": "Contestant a;", "arena": "Arena a;", "course": "Course a;",
            "turned away": "// is turned away", "succession": "Succession a;",
            "standby word": "struct StandbyWord;", "whoever": "// whoever asks",
            "somebody": "// somebody", "talk": "SenseTalk talk_;", "struct ways": "struct Ways {};",
        }
        for word, line in planted.items():
            self.code(line + "\n", word)
        for refused, instead, *_ in tidy.WORDS:
            self.assertTrue(instead, refused)
            self.assertTrue(any(tidy.re.fullmatch(rf".*\b({refused})\b.*", tidy.in_words(line))
                                for line in planted.values()), f"nothing planted for {refused}")

    def test_parts_of_other_words_and_good_english_are_left_alone(self):
        for line in ("planet", "sparkle", "ticketing", "pumpkin", "letterbox", "deadletters",
                     "dead_letter", "DeadLetterTable", "dead letters", "dead-letter",
                     "a lower-case letter", "letters and digits",
                     "a letter or an underscore", "is_letter(c)", 'the file "ballast"', "//hq.example/door/3", "{urn:example:door}open",
                     "the key allow-file", "the arrival time", "a round trip", "of course",
                     "clients talk to it", "quoted for your shell", "discourse", "parts"):
            self.code(f"// {line}\n")

    def test_term_may_be_broken_over_two_lines(self):
        self.code("// what is a dead\n// letter\n")
        self.code("// an allow\n// file\n", "allow file")

    def test_word_is_found_in_documents_and_scripts_too(self):
        text = f"# {tidy.LICENCE}\n# whoever\n"
        for path in ("cli/a.md", "cli/a.py", "cli/a.sh", "cli/a.hpp"):
            with self.subTest(path):
                violations = [v for v in found(path, text) if "whoever" in v]
                self.assertEqual(len(violations), 1)
        self.refused("cli/a.yaml", text)

    def test_folders_that_are_not_done_are_left_alone(self):
        with mock.patch.object(tidy, "WORDS_DONE", ["cli/base"]):
            self.refused("cli/base/a.cpp", SPDX + "Lane lane;\n", "lane")
            self.refused("cli/bus/a.cpp", SPDX + "Lane lane;\n")

    def test_places_where_a_word_is_meant_are_left_alone(self):
        everywhere = ["cli", "docs", "tests", "CONTRIBUTING.md", "CHANGELOG.md", "README.md"]
        with mock.patch.object(tidy, "WORDS_DONE", everywhere):
            self.refused("docs/sense-protocol.md", "a ticket\n")
            self.refused("CHANGELOG.md", "a ticket\n")
            self.refused("README.md", "a ticket\n", "ticket")
            self.refused("CONTRIBUTING.md",
                         "a lane\n## Dictionary\na ticket\n### Old words\na swarm\n## Next\nan arena\n",
                         "lane", "arena")
            path = "tests/bench/bench_command.cpp"
            self.refused(path, SPDX + 'auto name = "contestant";\nArena a;\n', "arena")


class Tree(unittest.TestCase):
    def test_violation_names_file_line_and_reason(self):
        self.assertEqual(check_tree({"broker/a.cpp": source("a.cpp", "#include <sqlite3.h>\n")}),
                         ["broker/a.cpp:3: <sqlite3.h> may be included only in core/storage"])

    def test_more_files_in_a_folder_than_allowed_are_refused(self):
        def folder(name, count):
            return {f"{name}/f{i}.cpp": SPDX for i in range(count)}
        most = tidy.FOLDER_FILES_MAX
        self.assertEqual(check_tree(folder("broker", most)), [])
        self.assertEqual(check_tree(folder("tests/broker", most + 1)), [])
        violations = check_tree({**folder("broker", most + 1), **folder("broker/journal", 3)})
        self.assertEqual(len(violations), 1, violations)
        self.assertTrue(violations[0].startswith(f"broker:1: {most + 1} files"), violations)

    def test_folders_that_include_each_other_are_refused(self):
        def file(header):
            return source("a.cpp", f'#include "{header}"\n')
        rows = [("core/base", ["core/event"]), ("core/event", ["core/base", "core/bus"]),
                ("core/bus", ["core/base"])]
        with mock.patch.object(tidy, "INCLUDES", rows):
            self.assertEqual(check_tree({"core/event/a.cpp": file("core/base/a.hpp"),
                                         "core/base/a.cpp": file("core/base/a.hpp")}), [])
            direct = check_tree({"core/event/a.cpp": file("core/base/a.hpp"),
                                 "core/base/a.cpp": file("core/event/a.hpp")})
            self.assertEqual(len(direct), 1, direct)
            self.assertIn("core/base, core/event", direct[0])
            through = check_tree({"core/event/a.cpp": file("core/bus/a.hpp"),
                                  "core/bus/a.cpp": file("core/base/a.hpp"),
                                  "core/base/a.cpp": file("core/event/a.hpp")})
            self.assertEqual(len(through), 1, through)
            self.assertIn("core/base, core/bus, core/event", through[0])

    def test_heavy_headers_are_included_by_no_more_files_than_allowed(self):
        def users(folder, count):
            return {f"{folder}/f{i}.cpp": source("a.cpp", "#include <nlohmann/json.hpp>\n")
                    for i in range(count)}
        with mock.patch.object(tidy, "HEAVY", {"nlohmann/*": 3}):
            self.assertEqual(check_tree(users("broker", 3)), [])
            self.assertEqual(check_tree({**users("broker", 3), **users("tests/broker", 2)}), [])
            violations = check_tree({**users("broker", 3), **users("core/event", 1)})
            self.assertEqual(len(violations), 1, violations)
            self.assertIn("4 files include <nlohmann/*>", violations[0])

    def test_limits_of_heavy_headers_are_no_higher_than_the_tree_needs(self):
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        includes = {}
        for path in tidy.files_below(root):
            if path.endswith(tidy.CODE):
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    includes[path] = tidy.included_by(file.read())
        for header, limit in tidy.HEAVY.items():
            self.assertEqual(len(tidy.users_of(header, includes)), limit, header)


if __name__ == "__main__":
    unittest.main()
