#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the C table of a program's options from its text file.

    make_options.py FILE.txt OUT.h OUT.c

options/README.md has the rules of the text file.  A file that breaks one is
refused with its line, so that what is made always compiles and means what the
text says.
"""

import pathlib
import re
import sys

VALUES_MAX = 64  # CLI_VALUES_MAX
OPTIONS_MAX = 64  # a bit each
RESERVED = {"help", "h", "?", "version"}  # of every program
HEAD = re.compile(r"([A-Z][A-Z0-9_]*) (?:-([\w-]+), )?--(\w[\w-]*)(?: (.+))?$")
TEXTS = ("purpose", "usage", "notes")
FACTS = ("values", "keys", "also", "repeats", "chips", "needs", "with")


class Refused(Exception):
    """Where the text is wrong, and how."""


class Block:
    """A line at the margin, with the lines that belong to it."""

    def __init__(self, where, word, rest):
        self.where, self.word, self.rest = where, word, rest
        self.text, self.facts = [], {}

    def refuse(self, what):
        raise Refused(f"{self.where}: {what}")

    def add(self, where, line):
        word, _, rest = line.partition(" ")
        if word == "|":
            self.text.append(rest)
            return
        if self.word != "option" or word not in FACTS:
            raise Refused(f'{where}: unknown word "{word}" of '
                          f'"{self.word}"')
        if word == "keys":
            rest = " ".join([*self.facts.pop("keys", []), rest])
        if word in self.facts:
            raise Refused(f'{where}: "{word}" is there twice')
        if bool(rest) == (word in ("repeats", "chips")):
            raise Refused(f'{where}: "{word}" {"takes no" if rest else "needs"}'
                          f' more words')
        self.facts[word] = rest.split()


def read(path):
    """The blocks of a file, and of those that it includes, in their order."""
    blocks = []
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        where = f"{path}:{number}"
        if line != line.rstrip() or "\t" in line:
            raise Refused(f"{where}: a tab, or blanks at the end")
        if not line or line.startswith("#"):
            continue
        if line.startswith("    "):
            if not blocks:
                raise Refused(f"{where}: it belongs to nothing")
            blocks[-1].add(where, line[4:])
            continue
        word, _, rest = line.partition(" ")
        if word == "include":
            blocks += read(path.parent / rest)
        elif word in ("program", "command", "option", "operands", "foreign",
                      *TEXTS):
            blocks.append(Block(where, word, rest))
        else:
            raise Refused(f'{where}: unknown word "{word}"')
    return blocks


def two_numbers(block, words, limit):
    """MIN MAX, where * is no limit."""
    if (len(words) != 2 or not words[0].isdigit() or
            not (words[1].isdigit() or words[1] == "*")):
        block.refuse(f"{' '.join(words)} is not MIN MAX")
    low, high = int(words[0]), words[1]
    high = limit if high == "*" else int(high)
    if high is not None and (low > high or limit and high > limit):
        block.refuse(f"{low} to {high} is not possible")
    return low, high


class Option:
    """A row of the table."""

    def __init__(self, block):
        head = HEAD.match(block.rest)
        if not head:
            block.refuse(f'"{block.rest}" is not ID [-x, ]--name [VALUES]')
        self.block, facts = block, block.facts
        self.id, self.brief, self.name, self.values = head.groups()
        self.also = facts.get("also", [])
        shown = re.findall(r"\b([a-z]\w*)=", self.values or "")
        self.keys = list(dict.fromkeys(shown)) + facts.get("keys", [])
        self.min, self.max = self.count_values()
        if "values" in facts:
            self.min, self.max = two_numbers(block, facts["values"], VALUES_MAX)
        if len(set(self.keys)) != len(self.keys):
            block.refuse("a key is there twice")
        if not block.text:
            block.refuse(f"--{self.name} has no help")

    def count_values(self):
        """WORD is one value, [WORD] none or one, WORD... one or more; what
        begins with `key=` is no value."""
        low = high = 0
        for group in re.findall(r"\[[^]]*\]\S*|\S+", self.values or ""):
            words = [w for w in group.strip("[]").split()
                     if not re.match(r"[a-z]\w*=", w)]
            low += 0 if group.startswith("[") else len(words)
            high += VALUES_MAX if group.rstrip("]").endswith("...") else \
                len(words)
        return low, min(high, VALUES_MAX)

    def spellings(self):
        short = [self.brief] if self.brief and self.brief != self.name else []
        return [*short, self.name, *self.also]


class Program:
    """A program, or a command of one."""

    def __init__(self, block, name):
        self.block, self.name = block, name
        self.options, self.foreign, self.texts = [], {}, {}
        self.operands = None
        self.seen = {word: "--help and --version" for word in RESERVED}

    def claim(self, block, word, owner):
        if word in self.seen:
            block.refuse(f'"{word}" is {self.seen[word]} already')
        self.seen[word] = owner

    def add(self, block):
        if block.word in TEXTS:
            if block.word in self.texts or block.rest or not block.text:
                block.refuse(f'"{block.word}" has one text, below it')
            self.texts[block.word] = "\n".join(block.text)
        elif block.word == "operands":
            if self.operands:
                block.refuse('"operands" is there twice')
            self.operands = two_numbers(block, block.rest.split(), None)
        elif block.word == "foreign":
            if not block.rest or not block.text:
                block.refuse("foreign WORD..., and its sentence below")
            for word in block.rest.split():
                self.claim(block, word, "foreign")
                self.foreign[word] = " ".join(block.text)
        else:
            option = Option(block)
            if option.id in (o.id for o in self.options):
                block.refuse(f"{option.id} is there twice")
            for word in option.spellings():
                self.claim(block, word, f"--{option.name}")
            self.options.append(option)

    def ids_of(self, option, fact):
        """The options whose spellings are in a fact."""
        ids = []
        for word in option.block.facts.get(fact, []):
            spelling = word.strip("-,")
            owner = [o.id for o in self.options if spelling in o.spellings()]
            if word.startswith("-") and not owner:
                option.block.refuse(f'{fact}: there is no option "{word}"')
            ids += owner if word.startswith("-") else []
        if fact in option.block.facts and not ids:
            option.block.refuse(f"{fact}: no option is named")
        return ids

    def check(self, has_commands):
        if len(self.options) > OPTIONS_MAX:
            self.block.refuse(f"more than {OPTIONS_MAX} options")
        for option in self.options:
            option.needs = self.ids_of(option, "needs")
            option.beside = self.ids_of(option, "with")
            if option.beside:
                option.beside.append(option.id)
        if "purpose" not in self.texts:
            self.block.refuse(f"{self.name} has no purpose")
        if has_commands != ("usage" not in self.texts):
            self.block.refuse(f"{self.name} has no usage")


def programs_of(path):
    programs = []
    for block in read(path):
        if block.word == "program" and not programs:
            programs.append(Program(block, block.rest))
        elif block.word == "command" and programs:
            programs.append(Program(block, f"{programs[0].name} {block.rest}"))
        elif block.word in ("program", "command") or not programs:
            block.refuse("the first line is program NAME, the only one")
        else:
            programs[-1].add(block)
    if not programs:
        raise Refused(f"{path}: program NAME is missing")
    names = [p.name for p in programs]
    for program in programs:
        program.check(len(programs) > 1 and program is programs[0])
        if names.count(program.name) > 1:
            program.block.refuse(f"{program.name} is there twice")
    return programs


# ---- C ----

def c_text(text):
    text = re.sub(r'(["\\])', r"\\\1", text)
    return '"' + text.replace("\n", '\\n"\n     "') + '"'


def c_list(words):
    return "{" + ", ".join(f'"{w}"' for w in words) + "}"


def prefix(program, first):
    return "OPT" if program is first else \
        re.sub(r"\W", "_", program.name.split()[-1]).upper()


def row(option, lead):
    def bits(ids):
        return " | ".join(f"UINT64_C(1) << {lead}_{i}" for i in ids)

    members = []
    if option.brief:
        members.append(f'.brief = "{option.brief}"')
    members.append(f'.name = "{option.name}"')
    if option.also:
        members.append(f".also = {c_list(option.also)}")
    if option.values:
        members.append(f".values = {c_text(option.values)}")
    if option.max:
        members.append(f".min = {option.min}, .max = {option.max}")
    if option.keys:
        members.append(f".keys = {c_list(option.keys)}")
    if "repeats" in option.block.facts:
        members.append(".repeats = true")
    if "chips" in option.block.facts:
        members.append(".lists_chips = true")
    if option.needs:
        text = c_text(" ".join(option.block.facts["needs"]))
        members.append(f".needs = {bits(option.needs)}, .needs_text = {text}")
    if option.beside:
        members.append(f".with = {bits(option.beside)}")
    members.append(f".help =\n     {c_text(chr(10).join(option.block.text))}")
    return f"    [{lead}_{option.id}] = {{{', '.join(members)}}},\n"


def spec(program, lead):
    """The tables of a program, and the members of its spec."""
    tables, members = "", [f'.program = "{program.name}"']
    for word in TEXTS:
        if word in program.texts:
            members.append(f".{word} =\n     {c_text(program.texts[word])}")
    if program.options:
        name = f"{lead.lower()}_options"
        tables += f"static const struct cli_option {name}[] = {{\n"
        tables += "".join(row(o, lead) for o in program.options)
        tables += "};\n\n"
        members += [f".options = {name}", f".option_count = {lead}_COUNT"]
    if program.foreign:
        name = f"{lead.lower()}_foreign"
        tables += f"static const struct cli_foreign {name}[] = {{\n"
        tables += "".join(f'    {{"{w}", {c_text(s)}}},\n'
                          for w, s in program.foreign.items())
        tables += "    {NULL, NULL},\n};\n\n"
        members.append(f".foreign = {name}")
    if program.operands:
        low, high = program.operands
        members.append(f".operands_min = {low}, .operands_max = "
                       f"{'UINT_MAX' if high is None else high}")
    return tables, "{\n    " + ",\n    ".join(members) + ",\n}"


def make(programs, header_name, text_name):
    first, commands = programs[0], programs[1:]
    noun = re.sub(r"\W", "_", first.name)
    note = f"/* Made from {text_name}; change that. */\n"
    header = f'{note}#pragma once\n#include "cli/cli.h"\n\n'
    code = f'{note}#include <limits.h>\n\n#include "{header_name}"\n\n'
    rows = ""
    for program in programs:
        lead = prefix(program, first)
        if program.options:
            ids = ",\n    ".join(f"{lead}_{o.id}" for o in program.options)
            header += f"enum {{\n    {ids},\n    {lead}_COUNT\n}};\n\n"
        tables, members = spec(program, lead)
        code += tables
        if program is first:
            code += f"const struct cli_spec {noun}_spec = {members};\n\n"
        else:
            rows += f"[{lead}] = {members},\n"
    header += f"extern const struct cli_spec {noun}_spec;\n"
    if commands:
        ids = ", ".join(prefix(c, first) for c in commands)
        header += f"enum {{ {ids}, COMMAND_COUNT }};\n"
        header += f"extern const struct cli_spec {noun}_commands[];\n"
        code += f"const struct cli_spec {noun}_commands[] = {{\n{rows}}};\n"
    return header, code


def main(text, header, code):
    path = pathlib.Path(text)
    try:
        made = make(programs_of(path), pathlib.Path(header).name, path.name)
    except (Refused, OSError, UnicodeDecodeError) as refusal:
        sys.exit(f"make_options.py: {refusal}")
    for name, content in zip((header, code), made):
        pathlib.Path(name).write_text(content, "ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
