#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The public headers as a later release might have them.

    next_headers.py OUTPUT_FOLDER HEADER...

Each public struct that begins with struct_size gets one more member at its end,
`test_next`.  With these headers a library is newer than its programs
(-Dtest-abi=next), or a program newer than its library (tests/abi/sizes.c).
"""

import pathlib
import re
import sys

STRUCT = re.compile(r"^(typedef struct \w+ \{\n    uint32_t struct_size;"
                    r".*?)^(\} \w+;)", re.M | re.S)


def main(folder, headers):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    count = 0
    for path in map(pathlib.Path, headers):
        text, n = STRUCT.subn(r"\1    uint64_t test_next;\n\2",
                              path.read_text(encoding="utf-8"))
        count += n
        pathlib.Path(folder, path.name).write_text(text, encoding="utf-8")
    if count == 0:
        sys.exit("no struct became longer")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
