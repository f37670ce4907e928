#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/planted/run makes of suites that pass, fail, crash, hang and print nothing, and of
patches that do not apply: a verdict that is wrong there would be believed."""
import importlib.machinery
import importlib.util
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True  # leaves nothing in the source tree
loader = importlib.machinery.SourceFileLoader("planted", str(pathlib.Path(__file__).with_name("run")))
planted = importlib.util.module_from_spec(importlib.util.spec_from_loader("planted", loader))
loader.exec_module(planted)


class Suites(unittest.TestCase):
    def failed(self, script, limit=20):
        """What a suite whose program is this shell script comes to."""
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            suite = planted.Suite("random_tests")
            program = tree / "build/release" / suite.folder / suite.target
            program.parent.mkdir(parents=True)
            program.write_text("#!/bin/sh\n" + script)
            program.chmod(0o755)
            return suite.run(tree, limit)

    def test_suite_that_passes_has_caught_nothing(self):
        self.assertIsNone(self.failed("exit 0"))

    def test_suite_with_a_skipped_case_has_caught_nothing(self):
        self.assertIsNone(self.failed("exit 77"))

    def test_first_case_that_fails_is_named_and_the_rest_is_not_awaited(self):
        out = 'a.cpp(3): error: in "random_tests/one": check a == b has failed'
        self.assertEqual(self.failed(f"echo '{out}'; exec sleep 60"), "random_tests/one")

    def test_crash_in_a_case_names_the_case(self):
        out = 'unknown location(0): fatal error: in "random_tests/two": signal: SIGABRT'
        self.assertEqual(self.failed(f"echo '{out}'; exit 201"), "random_tests/two")

    def test_end_without_a_case_says_how_it_ended(self):
        self.assertEqual(self.failed("exit 3"), "random_tests: it ended with 3")

    def test_hang_is_called_a_time_limit(self):
        self.assertEqual(self.failed("exec sleep 60", limit=1), "random_tests: time limit of 1 s")

    def test_suite_that_is_not_there_is_a_fault(self):
        with self.assertRaises(planted.Fault):
            planted.Suite("no_such_tests")


class Patches(unittest.TestCase):
    TEXT = ("A mistake.\nsuites: random_tests tidy\n\n--- a/core/a.cpp\n+++ b/core/a.cpp\n"
            "@@ -5,3 +5,3 @@\n one\n-two\n+2\n three\n")

    def patch(self, folder, text=None):
        path = pathlib.Path(folder) / "area" / "name.patch"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text or Patches.TEXT)
        with mock.patch.object(planted, "HERE", pathlib.Path(folder)):
            return planted.Patch(path)

    def tree(self, folder, text):
        path = pathlib.Path(folder) / "tree/core/a.cpp"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        return path

    def test_first_lines_say_the_mistake_and_the_suites(self):
        with tempfile.TemporaryDirectory() as folder:
            patch = self.patch(folder)
            self.assertEqual((patch.name, patch.mistake, patch.suites, patch.files()),
                             ("area/name", "A mistake.", ["random_tests", "tidy"], ["core/a.cpp"]))

    def test_patch_applies_where_the_code_has_moved(self):
        with tempfile.TemporaryDirectory() as folder:
            path = self.tree(folder, "new\nnew\none\ntwo\nthree\n")
            self.patch(folder).apply(path.parents[1])
            self.assertEqual(path.read_text(), "new\nnew\none\n2\nthree\n")

    def test_patch_whose_code_has_changed_is_a_fault_and_changes_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = self.tree(folder, "one\nzwei\nthree\n")
            with self.assertRaisesRegex(planted.Fault, "area/name does not apply: .*core/a.cpp"):
                self.patch(folder).apply(path.parents[1])
            self.assertEqual(path.read_text(), "one\nzwei\nthree\n")

    def test_check_refuses_a_patch_without_suites_and_one_of_a_test(self):
        with tempfile.TemporaryDirectory() as folder:
            for text in (self.TEXT.replace("suites: random_tests tidy", ""),
                         self.TEXT.replace("core/", "tests/")):
                with mock.patch("builtins.print"):
                    self.assertEqual(planted.check([self.patch(folder, text)]), 1)


class Copies(unittest.TestCase):
    def test_planted_mistake_is_taken_out_again_whatever_its_verdict(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Patches.tree(self, folder, "one\ntwo\nthree\n")
            patch = Patches.patch(self, folder)
            copy = planted.Copy.__new__(planted.Copy)
            copy.folder, copy.planted = path.parents[1], {}
            with mock.patch.object(planted.Copy, "build", side_effect=planted.Fault("it fails")):
                self.assertEqual(copy.judge(patch, [], 1), ("error", "it fails"))
            self.assertEqual(path.read_text(), "one\ntwo\nthree\n")
            seen = []
            with mock.patch.object(planted.Copy, "build", side_effect=lambda *_, **__: seen.append(
                    path.read_text())):
                self.assertEqual(copy.judge(patch, [], 1)[0], "not caught")
            self.assertEqual((seen, path.read_text()), (["one\n2\nthree\n"], "one\ntwo\nthree\n"))


if __name__ == "__main__":
    os.environ.pop("GIT_DIR", None)
    unittest.main()
