# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A project as small as scripts/release can take, in a git repository."""

import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ["release", "verify-release", "release_sbom.py", "source_release.py"]
FILES = {
    "meson.build": """# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
project(
    'libsfi',
    'c',
    version: '1.0.0',
    meson_version: '>= 1.0.0',
    default_options: 'buildtype=release',
)
crypto = dependency('libcrypto')
library('sfi', 'sfi.c', install: true)
if get_option('tests').allowed()
    yes = executable('yes', 'yes.c')
    test('list of symbols', yes, suite: 'docs')
    test('symbols of libsfi', yes, suite: 'unit')
    test('symbols of libsfi-sim', yes, suite: 'kat')
    test('old programs', yes, suite: 'kept')
endif
""",
    "meson_options.txt": "option('tests', type: 'feature', value: 'auto')\n",
    "sfi.c": "/* SPDX-License-Identifier: MIT */\nint sfi(void);\n"
             "int sfi(void) { return 1; }\n",
    "yes.c": "int main(void) { return 0; }\n",
    "include/sfi/version.h": "#define SFI_VERSION_NUMBER 0x01000000u\n",
    "bindings/python/pyproject.toml": 'version = "1.0.0"\n',
    "bindings/python/sfi/__init__.py": '__version__ = "1.0.0"\n',
    "packaging/debian/changelog": "libsfi (1.0.0-1) unstable; urgency=low\n",
    "CHANGELOG.md": "# Changelog\n\n## 1.0.0 (2026-12-01)\n\n### New\n\n- All.\n",
    ".gitignore": "build*/\n__pycache__/\n",
}
# Neither the settings nor the keys of who runs the test.
ENV = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL="/dev/null",
           GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.org",
           GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@example.org",
           PYTHONDONTWRITEBYTECODE="1")


def run(*command, **options):
    """(exit status, what it printed)"""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          env=options.pop("env", ENV), **options)
    return done.returncode, done.stdout


class Tree:
    """A clone or the first repository."""

    def __init__(self, folder, origin=None):
        self.root = pathlib.Path(folder)
        if origin:
            self.must("git", "clone", "-q", origin.root, folder)
            return
        for name, text in FILES.items():
            self.write(name, text)
        (self.root / "scripts").mkdir()
        for name in SCRIPTS:
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts")
        self.must("git", "init", "-q", folder)
        self.commit()

    def must(self, *command):
        status, text = run(*command)
        if status != 0:
            raise AssertionError(f"{command}: {status}\n{text}")
        return text

    def git(self, *args):
        return self.must("git", "-C", self.root, *args)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def replace(self, name, old, new):
        text = (self.root / name).read_text()
        if old not in text:
            raise AssertionError(f"{name} has no {old!r}")
        self.write(name, text.replace(old, new))

    def commit(self, message="all of it"):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def tag(self, name="v1.0.0"):
        self.git("tag", "-f", "-a", "-m", name, name)

    def release(self, *args, version="1.0.0"):
        return run(self.root / "scripts/release", *args, version)

    def verify(self, tarball, *args, tag="v1.0.0"):
        return run(self.root / "scripts/verify-release", *args, tarball, tag)
