#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each kind of mistake in a small tree and sees the checks of this folder find it, and nothing
else."""
import contextlib
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # leaves nothing in the source tree
import architecture
import claims
import commands
import links
import messages
import options
import pages
import prose
import quotes


@contextlib.contextmanager
def tree(**files):
    """A tree of these files; `__` in a name is a slash, `_dot_` a dot."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root) / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield root


class Links(unittest.TestCase):
    def found(self, text, **more):
        with tree(a_dot_md=text, docs__b_dot_md="# B\n\n## A part\n\n<a id=\"x\"></a>\n", **more) as root:
            return links.check(root)[0]

    def test_links_that_lead_somewhere(self):
        self.assertEqual(self.found("[b](docs/b.md) [p](docs/b.md#a-part) [x](docs/b.md#x) "
                                    "[e](https://example.net/none#x)\n"), [])

    def test_a_link_that_leads_nowhere(self):
        self.assertIn("leads nowhere", self.found("[b](docs/c.md)\n")[0])

    def test_a_link_over_two_lines_is_read(self):
        self.assertEqual(len(self.found("[b\nc](docs/c.md)\n")), 1)

    def test_an_anchor_that_is_not_there(self):
        self.assertIn("no heading", self.found("[b](docs/b.md#part)\n")[0])
        self.assertIn("no heading", self.found("# A\n\n[b](#b)\n")[0])

    def test_links_in_code_are_none(self):
        self.assertEqual(self.found("`[b](c.md)`\n\n```text\n[b](c.md)\n```\n"), [])

    def test_paths_in_backticks(self):
        self.assertEqual(self.found("`docs/b.md` `docs/` `docs/NAME.md` `docs/{b,c}.md:` `other/x`\n")[0:],
                         ["a.md:1: `docs/{b,c}.md` does not exist"])
        self.assertIn("does not exist", self.found("run `docs/run 12`\n")[0])
        self.assertIn("does not exist", self.found("`docs/x*.md`\n")[0])


    def test_a_page_that_code_names(self):
        self.assertEqual(self.found("# A\n", core__a_dot_hpp="// docs/b.md, 2\n// docs/c.md\n"),
                         ["core/a.hpp:2: docs/c.md does not exist"])


class Prose(unittest.TestCase):
    def found(self, text):
        with tree(a_dot_md=text) as root:
            return prose.check(root)[0]

    def test_a_page_as_it_is_to_be(self):
        self.assertEqual(self.found("# A\n\nText.\n\n## B\n\n```sh\n" + "x " * 80 + "y\n```\n"), [])

    def test_a_long_line(self):
        self.assertIn("columns", self.found("# A\n\n" + "word " * 30 + "end\n")[0])

    def test_a_line_that_cannot_be_broken(self):
        self.assertEqual(self.found("# A\n\n- `" + "x " * 60 + "y`\n\n[a](" + "x" * 110 + ")\n"), [])

    def test_headings(self):
        self.assertIn("skips", self.found("# A\n\n### B\n")[0])
        self.assertIn("one title", self.found("# A\n\n# B\n")[0])
        self.assertIn("title", self.found("Text.\n")[0])

    def test_a_block_without_language(self):
        self.assertIn("no language", self.found("# A\n\n```\nx\n```\n")[0])

    def test_white_space(self):
        self.assertIn("white space", self.found("# A \n")[0])
        self.assertIn("line end", self.found("# A\n\n")[0])


LAW = 'INCLUDES = [("core/base", []), ("broker", ["core/**"])]\n'
PAGE = """# Architecture

<!-- tree -->
```text
broker                  the broker
core
  base                  errors
tests
  tidy                  rules
```
<!-- end of tree -->

<!-- includes -->

| Folder | May include |
|---|---|
| `core/base` | nothing of ours |
| `broker` | `core/**` |

<!-- end of includes -->

## Decisions

<a id="one"></a>

### One

*Decision.* A.

*Rationale.* B.

*Rejected.* C.

## End
"""


class Architecture(unittest.TestCase):
    def found(self, page, law=LAW, **more):
        with tree(ARCHITECTURE_dot_md=page, tests__tidy__tidy_dot_py=law, core__base__a_dot_hpp="",
                  broker__b_dot_cpp="", **more) as root:
            return architecture.check(root)

    def test_a_page_as_it_is_to_be(self):
        self.assertEqual(self.found(PAGE), [])

    def test_another_law(self):
        self.assertIn("INCLUDES", self.found(PAGE, LAW.replace('"core/**"', '"core/base"'))[0])

    def test_a_folder_without_a_line_and_a_line_without_a_folder(self):
        self.assertIn("no line for core/bus", self.found(PAGE, core__bus__c_dot_hpp="")[0])
        self.assertIn("does not exist", self.found(PAGE.replace("  tidy ", "  tidy2 "))[1])

    def test_decisions(self):
        self.assertIn("no anchor", self.found(PAGE.replace('<a id="one"></a>\n', ""))[0])
        self.assertIn("needs", self.found(PAGE.replace("*Rejected.* C.\n", ""))[0])

    def test_write_renews_the_law(self):
        with tree(ARCHITECTURE_dot_md=PAGE.replace("| `broker` | `core/**` |\n", ""),
                  tests__tidy__tidy_dot_py=LAW, core__base__a_dot_hpp="", broker__b_dot_cpp="") as root:
            architecture.write(root)
            self.assertEqual(pathlib.Path(root, "ARCHITECTURE.md").read_text(), PAGE)


class Quotes(unittest.TestCase):
    def found(self, page):
        with tree(a_dot_md=page, b_dot_cpp="int a;\n\nint b;\n") as root:
            return quotes.check(root)[0]

    def test_quotes_and_excerpts(self):
        whole = "1. One:\n\n   <!-- quoted from b.cpp -->\n   ```cpp\n   int a;\n\n   int b;\n   ```\n"
        self.assertEqual(self.found(whole), [])
        self.assertIn("as it is", self.found(whole.replace("int b", "int c"))[0])
        self.assertEqual(self.found("<!-- excerpt of b.cpp -->\n```cpp\n  int b;\n```\n"), [])
        self.assertIn("not in", self.found("<!-- excerpt of b.cpp -->\n```cpp\nint c;\n```\n")[0])

    def test_a_file_or_a_block_that_is_not_there(self):
        self.assertIn("does not exist", self.found("<!-- quoted from c.cpp -->\n```cpp\n```\n")[0])
        self.assertIn("no block", self.found("<!-- quoted from b.cpp -->\n\ntext\n")[0])

    def test_write_renews_a_quote(self):
        with tree(a_dot_md="- x\n\n  <!-- quoted from b.cpp -->\n  ```cpp\n  old\n  ```\n\nend\n",
                  b_dot_cpp="int a;\n\nint b;\n") as root:
            quotes.write(root)
            self.assertEqual(quotes.check(root)[0], [])
            self.assertIn("\n\nend\n", pathlib.Path(root, "a.md").read_text())


class Messages(unittest.TestCase):
    CODE = 'log("it is full; " \n  "wait"); counters["snmp.traps.received"]; f("counter.broker.", "x.y");\n'

    def found(self, page):
        with tree(docs__operations_dot_md=page, core__a_dot_cpp=self.CODE) as root:
            return messages.check(root)[0]

    def test_lines_and_counters_of_the_code(self):
        self.assertEqual(self.found("| Line | Meaning | Do |\n|---|---|---|\n| `it is full; wait` | a | b |\n\n"
                                    "`snmp.traps.received`\n"), [])

    def test_a_line_that_no_program_logs(self):
        self.assertIn("logs", self.found("| Line | Meaning | Do |\n|---|---|---|\n| `it is empty` | a | b |\n")[0])

    def test_a_line_that_the_log_is_said_to_have(self):
        self.assertEqual(self.found("The log says `it is full;\nwait`. More.\n"), [])
        self.assertIn("logs", self.found("The log says `it is full; wait` and `it waits`. More.\n")[0])

    def test_a_counter_that_no_program_has(self):
        self.assertIn("counts", self.found("`snmp.traps.lost`\n")[0])


class Interfaces(unittest.TestCase):
    def test_an_interface_of_another_version(self):
        with tree(a_dot_md="`sense-gateway/2` `sense-gateway/3`\n", core__a_dot_cpp='f("sense-gateway/3");\n') as root:
            self.assertEqual(messages.check(root)[0],
                             ["a.md:1: the plugin interface is not sense-gateway/2 any more"])


class ListedTests(unittest.TestCase):
    def test_tests_are_listed_and_exist(self):
        with tree(docs__testing_dot_md="| Test | Claim |\n|---|---|\n| `one` | a |\n| `two` | b |\n",
                  tests__integration__CMakeLists_dot_txt="foreach(claim two three\n  four)\n") as root:
            self.assertEqual([why.split(": ")[1] for why in messages.check(root)[0]],
                             ["the integration test four is not listed", "the integration test three is not listed",
                              "there is no integration test one"])


class Claims(unittest.TestCase):
    PAGE = """# A

[b](#b) · [c](#c)

It is [first](b.md), at 1.5 s. Read `a. b`
(or not.) Then:

| What | Limit |
|---|---|
| size | 5; refused |

1. *One.* It counts.
"""
    HELD = """> It is first, at 1.5 s.
b_tests/one

> Read `a. b` (or not.)
advice

> Then:
definition

> size | 5; refused
b_tests/two
integration/c.py: two words

> *One.* It
> counts.
b_tests/two
"""

    def found(self, held=HELD, page=PAGE):
        with tree(docs__security_dot_md=page, tests__documents__claims__a_dot_txt=held,
                  tests__x__b_tests_dot_cpp="BOOST_AUTO_TEST_CASE(one) {\nBOOST_FIXTURE_TEST_CASE(two, F) {\n",
                  tests__integration__c_dot_py='f("two\n  words")\n') as root:
            return claims.check(root)[0]

    def test_a_page_that_is_held(self):
        self.assertEqual(self.found(), [])

    def test_a_sentence_that_nothing_holds(self):
        self.assertEqual(self.found(page=self.PAGE.replace("Then:", "More.\nThen:")),
                         ['docs/security.md:6: no test holds "More."'])
        self.assertEqual(self.found(page=self.PAGE + "| a | b |\n"),
                         ['docs/security.md:13: no test holds "a | b"'])
        self.assertIn(":7: nothing holds", self.found(self.HELD.replace("definition\n", ""))[0])

    def test_a_sentence_that_has_changed(self):
        why = self.found(page=self.PAGE.replace("5;", "6;"))
        self.assertEqual(len(why), 2, why)
        self.assertIn('does not say "size | 5; refused"', why[0])
        self.assertIn('no test holds "size | 6; refused"', why[1])

    def test_a_test_that_is_not_there(self):
        for name in ("b_tests/three", "a_tests/one", "b_tests/on", "integration/d.py: two words",
                     "integration/c.py: three words"):
            self.assertIn("there is no" if "three words" not in name else "has no",
                          self.found(self.HELD.replace("b_tests/one", name))[0])

    def test_what_sense_does_is_no_advice(self):
        self.assertIn("needs a test", self.found(self.HELD.replace("5; refused\nb_tests/two\n", "5; refused\n")
                                                 .replace("integration/c.py: two words", "definition"))[0])
        self.assertIn("needs a test", self.found(self.HELD.replace("advice", "advice\nb_tests/one"))[0])

    def test_two_entries(self):
        self.assertIn("two entries", self.found(self.HELD + "\n> Then:\nadvice\n")[0])


class Described(options.Program):
    """A program of two commands, instead of the built one."""

    HELP = {(): "Subcommands:\n  keys   Keys\n  ping   Asks\n", ("keys",): "Subcommands:\n  new   Makes\n",
            ("keys", "new"): "Options:\n  --file FILE\n", ("ping",): "Options:\n  --timeout T  --json\n"}

    def __init__(self):
        super().__init__("none")

    def help(self, words):
        return self.HELP.get(words)


class Options(unittest.TestCase):
    def found(self, text):
        with tree(a_dot_md=text) as root:
            return [why for _, why in options.check_page(Described(), {"bus.service"}, pages.pages(root)[0])]

    def test_commands_that_there_are(self):
        self.assertEqual(self.found("`sense keys new NAME --file=x` `sense ping --json | head --lines` `--timeout`\n"
                                    "`bus.service`\n\n```sh\nsense ping \\\n  --timeout 1s\n```\n"), [])

    def test_a_command_that_there_is_not(self):
        self.assertIn("no command 'old'", self.found("`sense keys old`\n")[0])
        self.assertIn("no command", self.found("```sh\nx | sense pong\n```\n")[0])

    def test_an_option_that_there_is_not(self):
        self.assertIn("--fil", self.found("`sense keys new a --fil x`\n")[0])
        self.assertIn("--late", self.found("`--late`\n")[0])

    def test_a_key_that_there_is_not(self):
        self.assertIn("no key", self.found("`bus.door`\n")[0])


class Commands(unittest.TestCase):
    def commands(self, text):
        with tree(a_dot_md=text) as root:
            return list(commands.commands_of(pages.pages(root)[0]))

    def test_lines_that_make_one_command(self):
        found = self.commands("```sh\n# a remark\na \\\n  b\nc -d '{\n  1}'\n\ne # remark\n```\n")
        self.assertEqual([(one.line, one.text) for one in found],
                         [(3, "a \\\n  b"), (5, "c -d '{\n  1}'"), (8, "e # remark")])

    def test_output_of_a_typed_command(self):
        found = self.commands("```console\n$ a\nx\ny\n$ b\n```\n")
        self.assertEqual([(one.text, one.output) for one in found], [("a", ["x", "y"]), ("b", [])])

    def test_rules(self):
        found = {"a.md": self.commands("```sh\nsense one\nsense two\n```\n")}
        rules = {"a.md": (None, [("sense one", commands.run()), ("sense three", commands.run())], None),
                 "b.md": (None, [("x", commands.run())], None)}
        why = list(commands.unruled(found, rules))
        self.assertEqual(len(why), 3, why)
        self.assertIn("neither run nor skipped", why[0])
        self.assertIn("has no command any more", why[1])
        self.assertIn("no command", why[2])

    def ran(self, text, action):
        with contextlib.ExitStack() as stack:
            session = commands.Session("/bin/true", "/nowhere", stack)
            session.put("HERE", "there")
            page = self.commands(text)
            with open(os.devnull, "w", encoding="utf-8") as null, contextlib.redirect_stdout(null):
                return commands.run_page(session, "/", page, (None, [("", action)], None))

    def test_what_a_command_does_is_seen(self):
        self.assertEqual(self.ran("```sh\necho HERE\n```\n", commands.run("there")), [])
        self.assertIn("exit code 3", self.ran("```sh\nexit 3\n```\n", commands.run())[0])
        self.assertIn("is not in", self.ran("```sh\necho x\n```\n", commands.run("there"))[0])
        self.assertEqual(self.ran("```console\n$ echo HERE\nthere\n```\n", commands.shows()), [])
        self.assertIn("printed", self.ran("```console\n$ echo x\nthere\n```\n", commands.shows())[0])
        self.assertIn("ended with", self.ran("```sh\nfalse\n```\n", commands.start("up"))[0])
        self.assertEqual(self.ran("```sh\nfalse\n```\n", commands.skip("it fails")), [])


if __name__ == "__main__":
    unittest.main()
