#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the page a C file: embed.py OUTPUT FILE..."""

import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def main() -> None:
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "station/local.h"\n\n')
        rows = []
        for index, path in enumerate(sys.argv[2:]):
            name = os.path.basename(path)
            with open(path, "rb") as file:
                data = file.read()
            out.write(f"static const uint8_t file_{index}[] = {{\n")
            for at in range(0, len(data), 16):
                out.write(",".join(str(b) for b in data[at:at + 16]) + ",\n")
            out.write("};\n")
            url = "/" if name == "index.html" else "/" + name
            kind = TYPES[os.path.splitext(name)[1]]
            rows.append(f'    {{"{url}", "{kind}", file_{index}, '
                        f'sizeof(file_{index})}},\n')
        out.write("const struct page_file page_files[] = {\n")
        out.writelines(rows)
        out.write("};\nconst size_t page_file_count =\n"
                  "    sizeof(page_files) / sizeof(*page_files);\n")


if __name__ == "__main__":
    main()
