#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The commands of the documents have options that their programs have: those in
code spans and in code blocks, of README.md and doc/*.md.  On some pages a span that
begins with a dash is such an option, too."""

import re

import source

PROGRAMS = "examples/options"
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```|(?<=\n\n)((?:    .*\n+)+)",
                   re.M | re.S)
SPAN = re.compile(r"`(sfi-[a-z]+ [^`\n]*)`")
BARE = re.compile(r"`--?([A-Za-z?][\w-]*)[^`\n]*`")
OF_BARE = {"doc/quick-reference.md", "doc/which-program.md", "doc/from-st.md",
           "doc/troubleshooting.md", "doc/faq.md"}
ALWAYS = {"help", "h", "?", "version"}


def known(root):
    """{program: {command, "" for none: {spelling}}}"""
    programs = {}
    for path in sorted((root / PROGRAMS).glob("sfi-*.txt")):
        commands = programs.setdefault(path.stem, {"": set(ALWAYS)})
        command = ""
        for line in lines(path):
            word, _, rest = line.partition(" ")
            if word == "command":
                command = rest
                commands[command] = set(ALWAYS)
            elif word == "option":
                commands[command] |= spellings(rest)
            elif line.startswith("    also "):
                commands[command] |= set(line.split()[1:])
    return programs


def lines(path):
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith("include "):
            yield from lines(path.parent / line.split()[1])
        else:
            yield line


def spellings(head):
    """Of `ID -s, --long VALUES`."""
    return set(re.findall(r"(?:^| )-{1,2}([\w?][\w-]*)",
                          re.match(r"\w+((?: -[\w-]+,)? --[\w-]+)", head)[1]))


def words_of(text):
    """The words of one command, to a pipe, a comment or another command."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", text)
    text = re.split(r"[;|&#>]|\s--\s|\.\.\.|<", text)[0]
    return text.split()


def faults(program, text, programs):
    if program not in programs:
        return  # of others, or a folder
    words, commands = words_of(text), programs[program]
    command = words[0] if words and words[0] in commands else ""
    for word in words:
        m = re.match(r"\[?(--?)([A-Za-z?][\w-]*)", word)
        if m and m[2] not in commands[command]:
            yield f"{program} {command}".strip() + f" has no {m[1]}{m[2]}"


def commands_of(text):
    """(offset, program, the rest) of every command."""
    for m in SPAN.finditer(text):
        program, _, rest = m[1].partition(" ")
        yield m.start(), program, rest
    for block in BLOCK.finditer(text):
        group = 1 if block[1] is not None else 2
        joined = block[group].replace("\\\n", "  ")
        for m in re.finditer(r"(?:^|[\s!(;])(sfi-[a-z]+)( [^\n]*)", joined):
            # what follows may be a second command of the line
            rest = re.split(r"\ssfi-[a-z]+\s", m[2])[0]
            yield block.start(group) + m.start(), m[1], rest


def bare_faults(path, text, programs):
    if path.as_posix() not in OF_BARE:
        return
    every = set().union(*(spellings for commands in programs.values()
                          for spellings in commands.values()))
    for m in BARE.finditer(text):
        if m[1] not in every:
            yield source.finding(path, source.line_of(text, m.start()),
                                 f"no program has -{m[1]}")


def check(root):
    programs = known(root)
    found = []
    for path in [p.relative_to(root) for p in
                 [*root.glob("README.md"), *sorted(root.glob("doc/*.md"))]]:
        text = source.read(root, path)
        for at, program, rest in commands_of(text):
            found += [source.finding(path, source.line_of(text, at), fault)
                      for fault in faults(program, rest, programs)]
        found += bare_faults(path, text, programs)
    return found


OPTIONS = """\
program sfi-a
option IN -i, --input FILE
    also in
include more.txt
command go
option FAR --far
"""


def case(name, text, *expected):
    return (name, {"doc/a.md": text, f"{PROGRAMS}/sfi-a.txt": OPTIONS,
                   f"{PROGRAMS}/more.txt": "option JSON --json\n"},
            list(expected))


CASES = [
    case("good", "`sfi-a -i x --json | less -S`, `sfi-a go --far`, `sfi-b -z`\n\n"
         "    sfi-a --in x > y\n\n```sh\n! sfi-a --help '-q'\nsfi-a \\\n  -i x\n```\n"),
    case("span", "as `sfi-a -x` does\n", "doc/a.md:1: sfi-a has no -x"),
    case("block", "\n```sh\nsfi-a -i x\nsfi-a --far\n```\n", ":3: .* no --far"),
    case("indented", "so:\n\n    sfi-a --jso\n", "no --jso"),
    case("of a command", "`sfi-a go --json`\n", "sfi-a go has no --json"),
    ("alone", {"doc/faq.md": "`-i x`, `--json`, `-no`\n",
               f"{PROGRAMS}/sfi-a.txt": OPTIONS.replace("more", "sfi-b"),
               f"{PROGRAMS}/sfi-b.txt": "option JSON --json\n"},
     ["no program has -no"]),
    case("continued", "```\nsfi-a -i x \\\n   --no\n```\n", "has no --no"),
]

if __name__ == "__main__":
    source.main(check, CASES)
