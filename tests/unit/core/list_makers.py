#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""List the functions of public headers that make a handle, as C.

Each is called with nothing but `out`.  What may be left out there, or has no
context to miss, is called with an argument that is wrong.

    list_makers.py HEADER... > makers.h
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] /
                       "scripts"))
import source  # noqa: E402
from check_docs import DECLARATION, Declaration, split_parameters  # noqa: E402

# {function: {parameter's number: what fails}}
WRONG = {"sfi_ctx_new": {0: "&no_options"}}
MAKER = re.compile(r"^sfi_\w+\s*\*\s*\*\s*out$")


def parameters(declaration):
    """The parameters of a declaration as they are written."""
    text = " ".join(declaration.split())
    inside = text[text.index("(") + 1:text.rindex(")")].strip()
    return [p.strip() for p in split_parameters(inside)]


def nothing(parameter):
    return "NULL" if "*" in parameter or "[" in parameter or \
        re.search(r"_fn \w+$", parameter) else "0"


def makers(text):
    """(name, call) of each function that makes a handle."""
    plain = source.without_comments(text)
    for m in DECLARATION.finditer(plain):
        *before, last = parameters(m.group(1))
        if not MAKER.match(last):
            continue
        name = Declaration(m.group(1)).name
        wrong = WRONG.get(name, {})
        words = [wrong.get(i, nothing(p)) for i, p in enumerate(before)]
        yield name, f"{name}({', '.join(words + ['out'])})"


def main(headers):
    rows = [row for header in headers
            for row in makers(pathlib.Path(header).read_text("utf-8"))]
    print("/* Made of the public headers by list_makers.py. */")
    for header in headers:
        print(f"#include <sfi/{pathlib.Path(header).name}>")
    print("\nstatic const sfi_ctx_options no_options = {.struct_size = 1};\n")
    for name, call in rows:
        print(f"static sfi_status\ncall_{name}(void *out)\n{{\n"
              f"    return {call};\n}}\n")
    print("static const struct {\n    const char *name;\n"
          "    sfi_status (*make)(void *out);\n} makers[] = {")
    for name, _ in rows:
        print(f'    {{"{name}", call_{name}}},')
    print("};")


if __name__ == "__main__":
    main(sys.argv[1:])
