#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""scripts/release refuses a tree that is not ready, and what it builds twice is
the same."""

import os
import pathlib
import tempfile
import unittest

from small import Tree


class Ready(unittest.TestCase):
    """A tree with one thing wrong."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sfi-release-")
        self.addCleanup(folder.cleanup)
        self.tree = Tree(pathlib.Path(folder.name) / "tree")

    def refused(self, *facts, **options):
        status, text = self.tree.release(**options)
        self.assertEqual(status, 1, text)
        for fact in facts:
            self.assertIn(fact, text)
        self.assertFalse((self.tree.root / "build-release").exists())

    def test_version(self):
        for version in ("1.0", "v1.0.0", "1.0.0-beta", "1.0.0\n", "../x"):
            self.refused("expected a version", version=version)

    def test_not_committed(self):
        self.tree.tag()
        self.tree.write("sfi.c", "int x;\n")
        self.refused("the tree: not committed", "sfi.c")

    def test_not_known_to_git(self):
        self.tree.tag()
        self.tree.write("left.c", "")
        self.refused("not known to git", "left.c")

    def test_no_tag(self):
        self.refused("v1.0.0: not found")

    def test_a_branch_is_no_tag(self):
        self.tree.git("branch", "v1.0.0")
        self.refused("v1.0.0: not found")

    def test_lightweight_tag(self):
        self.tree.git("tag", "v1.0.0")
        self.refused("v1.0.0: a name for a commit", "with a message")

    def test_tag_of_another_commit(self):
        self.tree.tag()
        self.tree.write("sfi.c", "int x;\n")
        self.tree.commit()
        self.refused("v1.0.0: at", "expected it at HEAD")

    def test_versions(self):
        for name, old, new in (
                ("meson.build", "'1.0.0'", "'1.0.1'"),
                ("include/sfi/version.h", "0x01000000u", "0x01000100u"),
                ("packaging/debian/changelog", "1.0.0", "0.9.0"),
                ("bindings/python/pyproject.toml", "1.0.0", "1.1.0"),
                ("bindings/python/sfi/__init__.py", "__version__", "v")):
            with self.subTest(name):
                self.tree.replace(name, old, new)
                self.tree.commit()
                self.tree.tag()
                self.refused(name, "expected")
                self.tree.git("reset", "-q", "--hard", "HEAD~")

    def test_changelog(self):
        for old, new, fact in (
                ("1.0.0 (2026-12-01)", "Unreleased", 'begins with "Unreleased"'),
                ("1.0.0 (2026-12-01)", "1.0.0", 'begins with "1.0.0"'),
                ("## 1.0.0 (", "## 1.1.0 (2027-01-01)\n\n- A.\n\n## 1.0.0 (",
                 'begins with "1.1.0'),
                ("- All.", "", "nothing below 1.0.0")):
            with self.subTest(new):
                self.tree.replace("CHANGELOG.md", old, new)
                self.tree.commit()
                self.tree.tag()
                self.refused("CHANGELOG.md", fact)
                self.tree.git("reset", "-q", "--hard", "HEAD~")


class Built(unittest.TestCase):
    """A tree that is ready, and what it builds is not."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sfi-release-")
        self.addCleanup(folder.cleanup)
        self.tree = Tree(pathlib.Path(folder.name) / "tree")

    def refused(self, *facts):
        self.tree.commit()
        self.tree.tag()
        status, text = self.tree.release()
        self.assertEqual(status, 1, text)
        for fact in facts:
            self.assertIn(fact, text)
        names = os.listdir(self.tree.root / "build-release")
        self.assertNotIn("libsfi-1.0.0.sha256", names)

    def test_folder_in_the_library(self):
        self.tree.replace("meson.build", "'sfi.c', install",
                          "'sfi.c', c_args: '-DHERE=\"@0@\"'.format("
                          "meson.project_build_root()), install")
        self.tree.write("sfi.c", "extern const char *sfi;\n"
                                 "const char *sfi = HERE;\n")
        self.refused("two builds of the tarball", "libsfi.so")

    def test_packed_otherwise(self):
        self.tree.write("more.sh", '#!/bin/sh\necho >"$MESON_DIST_ROOT/more"\n')
        (self.tree.root / "more.sh").chmod(0o755)
        self.tree.replace("meson.build", "crypto =",
                          "meson.add_dist_script('more.sh')\ncrypto =")
        self.refused("`meson dist` packs another one")

    def test_failing_test(self):
        self.tree.replace("yes.c", "return 0", "return 1")
        self.refused("meson: ended with", "list of symbols")

    def test_test_that_is_gone(self):
        self.tree.replace("meson.build", "'old programs'", "'new programs'")
        self.refused("the tests: no old programs")


if __name__ == "__main__":
    unittest.main()
