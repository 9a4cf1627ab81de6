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
CHOICES_MAX = 8  # CLI_CHOICES_MAX
NO_LIMIT = (1 << 64) - 1
OUTPUTS = ("audit", "certificate", "firmware", "image", "license", "trace")
RESERVED = {"help", "h", "?", "version"}  # of every program
HEAD = re.compile(r"([A-Z][A-Z0-9_]*) (?:-([\w-]+), )?--(\w[\w-]*)(?: (.+))?$")
TEXTS = ("purpose", "usage", "notes")
ONE, MANY = False, True  # how often a fact of an option may be there
FACTS = {"values": ONE, "keys": MANY, "also": ONE, "repeats": ONE, "chips": ONE,
         "ignores": ONE, "value": MANY, "key": MANY, "foreign": MANY,
         "needs": ONE, "with": ONE, "not": MANY, "required": ONE,
         "refuse": MANY}
BARE = {"repeats", "chips", "required"}  # need no words
SENTENCED = {"value", "key", "foreign", "not", "required", "refuse"}
CONDITION = re.compile(r"(no )?(value )?(-{0,2}\w+)(?:=(\S+))?$")


class Refused(Exception):
    """Where the text is wrong, and how."""


class Line:
    """Something that can be refused where it is: a fact of an option, with the
    sentence below it."""

    def __init__(self, where, word, rest):
        self.where, self.word, self.rest = where, word, rest
        self.words, self.sentence = rest.split(), ""

    def refuse(self, what):
        raise Refused(f"{self.where}: {what}")


class Block(Line):
    """A line at the margin, with the lines that belong to it."""

    def __init__(self, where, word, rest):
        super().__init__(where, word, rest)
        self.text, self.facts = [], []

    def all(self, word):
        return [f for f in self.facts if f.word == word]

    def words_of(self, word):
        return [w for f in self.all(word) for w in f.words]

    def add(self, where, line):
        fact = Line(where, *line.partition(" ")[::2])
        if fact.word == "|":
            self.text.append(fact.rest)
            return
        if line.startswith("    "):
            self.add_sentence(fact, line.strip())
            return
        if self.word != "option" or fact.word not in FACTS:
            fact.refuse(f'unknown word "{fact.word}" of "{self.word}"')
        if FACTS[fact.word] == ONE and self.all(fact.word):
            fact.refuse(f'"{fact.word}" is there twice')
        if not fact.words and fact.word not in BARE:
            fact.refuse(f'"{fact.word}" needs more words')
        if fact.words and fact.word == "chips":
            fact.refuse(f'"{fact.word}" takes no more words')
        self.facts.append(fact)

    def add_sentence(self, line, text):
        if not self.facts or self.facts[-1].word not in SENTENCED:
            line.refuse("it is the sentence of nothing")
        fact = self.facts[-1]
        fact.sentence = f"{fact.sentence} {text}".strip()


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


def number(fact, word):
    """A number in C's spelling; * is no limit."""
    if word == "*":
        return NO_LIMIT
    if not re.fullmatch(r"\d+|0x[0-9a-f]+", word):
        fact.refuse(f'"{word}" is not a number')
    return int(word, 0)


def listed(words):
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


class Type:
    """What a value or the value of a key has to be: a row of its table."""

    def __init__(self, option, fact):
        self.fact, self.members = fact, {}
        self.place, words = fact.words[:1], fact.words[1:]
        kind = words[0] if words else ""
        if fact.word == "foreign":
            self.place, kind, words = ["1..."], "foreign", ["", *fact.words]
        make = getattr(self, f"make_{kind}", None)
        if make is None or kind == "needed" and fact.word != "key":
            fact.refuse(f'"{fact.rest}" is not a place and a kind')
        self.find_place(option)
        usual = make(words[1:], option)
        self.sentence = fact.sentence or usual
        if self.is_output() == bool(self.sentence):
            fact.refuse("it has a sentence" if self.sentence else
                        "it has no sentence")

    def is_output(self):
        return self.members["kind"] == "CLI_OUTPUT"

    def find_place(self, option):
        place = self.place[0]
        if self.fact.word == "key":
            if place not in option.keys:
                self.fact.refuse(f'there is no key "{place}="')
            index = option.keys.index(place)
            self.members |= {"is_key": "true", "first": index, "last": index}
            return
        found = re.fullmatch(r"(\d+)(\.\.\.)?", place)
        if not found or not 1 <= int(found[1]) <= option.max:
            self.fact.refuse(f'there is no value "{place}"')
        first = int(found[1]) - 1
        last = option.max - 1 if found[2] else first
        self.members |= {"first": first, "last": last}

    def make_number(self, words, option):
        if option and words[2:] == ["any-base"] and self.fact.word == "value":
            words = words[:2]
            self.members["any_base"] = "true"
        if len(words) != 2:
            self.fact.refuse("number MIN MAX")
        low, high = (number(self.fact, w) for w in words)
        if low > high:
            self.fact.refuse(f"{words[0]} to {words[1]} is not possible")
        self.members |= {"kind": "CLI_NUMBER", "min": f"UINT64_C({low})",
                         "max": f"UINT64_C({high})"}
        if high == NO_LIMIT:
            return f"a number, expected {low} or more" if low else "a number"
        return f"a value from {low} to {words[1]}" if low else \
            f"a value up to {words[1]}"

    def make_address(self, words, _):
        if len(words) > 1:
            self.fact.refuse("address, or address MULTIPLE")
        self.members |= {"kind": "CLI_NUMBER", "max": "UINT32_MAX"}
        if not words:
            return "an address, expected one like 0x08000000"
        self.members["multiple"] = number(self.fact, words[0])
        return f"an address, expected a multiple of {words[0]}"

    def choices(self, kind, words):
        if len(words) > CHOICES_MAX:
            self.fact.refuse(f"more than {CHOICES_MAX} words")
        self.members["kind"] = kind
        if words:
            self.members["choices"] = c_list(words)

    def make_choice(self, words, _):
        if not words:
            self.fact.refuse("choice WORD...")
        self.choices("CLI_CHOICE", words)
        return listed(words)

    def make_field(self, words, _):
        self.choices("CLI_FIELD", words)
        return ", or ".join([*words, "NAME=VALUE"])

    def range(self, kind, words):
        self.make_number(words, None)
        self.members["kind"] = kind

    def make_range(self, words, _):
        self.range("CLI_RANGE", words)
        return "FIRST-LAST"

    def make_numbers(self, words, _):
        self.range("CLI_NUMBERS", words[:2])
        self.choices("CLI_NUMBERS", words[2:])
        return ", or ".join([*words[2:], "N, FIRST-LAST or [FIRST LAST]"])

    def make_output(self, words, _):
        if self.fact.word == "key" or words[:1] and words[0] not in OUTPUTS:
            self.fact.refuse("value N output " + "|".join(OUTPUTS))
        if not words or self.members["first"] != self.members["last"]:
            self.fact.refuse("output KIND, of one value")
        self.choices("CLI_OUTPUT", words[1:])
        self.members["file"] = f"SFI_FILE_{words[0].upper()}"

    def make_foreign(self, words, _):
        self.choices("CLI_FOREIGN", words)

    def make_needed(self, words, option):
        if words:
            self.fact.refuse("key NAME needed")
        self.members["kind"] = "CLI_NEEDED"
        return option.values


class Option:
    """A row of the table."""

    def __init__(self, block):
        head = HEAD.match(block.rest)
        if not head:
            block.refuse(f'"{block.rest}" is not ID [-x, ]--name [VALUES]')
        self.block = block
        self.id, self.brief, self.name, self.values = head.groups()
        self.also = block.words_of("also")
        shown = re.findall(r"\b([a-z]\w*)=", self.values or "")
        self.keys = list(dict.fromkeys(shown)) + block.words_of("keys")
        self.min, self.max, self.partial = self.count_values()
        if block.all("values"):
            self.partial = []
            self.min, self.max = two_numbers(block, block.words_of("values"),
                                             VALUES_MAX)
        if len(set(self.keys)) != len(self.keys):
            block.refuse("a key is there twice")
        if not block.text:
            block.refuse(f"--{self.name} has no help")
        self.repeats = self.count_uses()
        self.types = [Type(self, f) for f in block.facts
                      if f.word in ("value", "key", "foreign")]

    def count_uses(self):
        """repeats, or repeats MAX; 0: without limit."""
        for fact in self.block.all("repeats"):
            most = number(fact, fact.rest) if fact.rest else 0
            if most == 1 or most > 0xffff:
                fact.refuse(f"{fact.rest} times is not possible")
            return most
        return 1

    def count_values(self):
        """WORD is one value, [WORD] none or one, WORD... one or more; what
        begins with `key=` is no value.  Fewer and most, and the numbers between
        that leave a group in brackets incomplete."""
        counts = {0}
        for group in re.findall(r"\[[^]]*\]\S*|\S+", self.values or ""):
            words = [w for w in group.strip("[]").split()
                     if not re.match(r"[a-z]\w*=", w)]
            more = {c + len(words) for c in counts}
            counts = counts | more if group.startswith("[") else more
            if group.rstrip("]").endswith("..."):
                counts |= set(range(min(more), VALUES_MAX + 1))
        low, high = min(counts), min(max(counts), VALUES_MAX)
        return low, high, [c for c in range(low, high) if c not in counts]

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

    def ids_of(self, fact):
        """The options whose spellings are in a fact; `-a to -b` is both and
        what is between them."""
        all_ids, ids, last = [o.id for o in self.options], [], ""
        for word in fact.words:
            spelling = word.strip("-,")
            owner = [o.id for o in self.options if spelling in o.spellings()]
            if word.startswith("-") and not owner:
                fact.refuse(f'{fact.word}: there is no option "{word}"')
            if word.startswith("-"):
                first = all_ids.index(ids[-1] if last == "to" else owner[0])
                ids += all_ids[first + (last == "to"):
                               all_ids.index(owner[0]) + 1]
            last = word
        if fact.words and not ids:
            fact.refuse(f"{fact.word}: no option is named")
        return ids

    def find_rules(self):
        """How options go together: rows of (option, kind, others, sentence)."""
        self.rules = []
        for option in self.options:
            for fact in option.block.facts:
                if fact.word not in ("needs", "with", "not", "required"):
                    continue
                ids = self.ids_of(fact)
                if fact.word == "with":
                    ids.append(option.id)
                if fact.word == "required" and fact.words[:1] not in (
                        [], ["unless"]):
                    fact.refuse("required, or required unless OPTION...")
                text = fact.rest if fact.word == "needs" else fact.sentence
                self.rules.append((option.id, fact.word, ids, text))

    def condition(self, option, fact, text):
        """[no] value N, KEY or -OPTION; =WORD behind the first two."""
        found = CONDITION.match(text.strip())
        no, value, name, word = found.groups() if found else ("", "", "", "")
        owner = [o.id for o in self.options if name.strip("-") in o.spellings()]
        members = {}
        if value and name.isdigit() and 1 <= int(name) <= option.max:
            members = {"place": "CLI_VALUE", "index": int(name) - 1}
        elif not value and name in option.keys:
            members = {"place": "CLI_KEY", "index": option.keys.index(name)}
        elif not value and name[:1] == "-" and owner and not word:
            members = {"place": "CLI_BESIDE", "beside": owner[0]}
        else:
            fact.refuse(f'"{text.strip()}" is no condition')
        if word:
            members["word"] = c_text(word)
        if no:
            members["no"] = "true"
        return members

    def find_refusals(self):
        """What words of one use must not be together: rows of (option, two
        conditions, sentence)."""
        self.refusals = []
        for option in self.options:
            for fact in option.block.all("refuse"):
                parts = fact.rest.split(",")
                if len(parts) != 2 or not fact.sentence:
                    fact.refuse("refuse CONDITION, CONDITION, and its sentence")
                when = [self.condition(option, fact, p) for p in parts]
                self.refusals.append((option.id, when, fact.sentence))

    def check(self, has_commands):
        if len(self.options) > OPTIONS_MAX:
            self.block.refuse(f"more than {OPTIONS_MAX} options")
        self.find_rules()
        self.find_refusals()
        self.has_force = "FORCE" in (o.id for o in self.options)
        for made in (t for o in self.options for t in o.types):
            if made.is_output() and not self.has_force:
                made.fact.refuse("an output needs an option FORCE")
        if "purpose" not in self.texts:
            self.block.refuse(f"{self.name} has no purpose")
        if not has_commands and "usage" not in self.texts:
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


def struct(members):
    return "{" + ", ".join(f".{k} = {v}" for k, v in members.items()) + "}"


def array(kind, name, rows):
    return f"static const struct {kind} {name}[] = {{\n" + \
        "".join(f"    {r},\n" for r in rows) + "};\n\n"


def type_row(option, made, lead):
    members = {"option": f"{lead}_{option.id}", **made.members}
    if made.sentence:
        members["sentence"] = c_text(made.sentence)
    return struct(members)


def rule_row(rule, lead):
    option, kind, others, sentence = rule
    members = {"option": f"{lead}_{option}", "kind": f"CLI_{kind.upper()}"}
    if others:
        members["others"] = " | ".join(f"UINT64_C(1) << {lead}_{i}"
                                       for i in others)
    if sentence:
        members["sentence"] = c_text(sentence)
    return struct(members)


def refusal_row(refusal, lead):
    option, conditions, sentence = refusal
    when = []
    for members in conditions:
        members = dict(members)
        if "beside" in members:
            members["index"] = f"{lead}_{members.pop('beside')}"
        when.append(struct(members))
    return struct({"option": f"{lead}_{option}",
                   "when": "{" + ", ".join(when) + "}",
                   "sentence": c_text(sentence)})


def row(option, lead):
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
    if option.block.all("ignores"):
        members.append(f".ignores = {c_list(option.block.words_of('ignores'))}")
    if option.partial:
        bits = " | ".join(f"UINT64_C(1) << {n}" for n in option.partial)
        members.append(f".partial = {bits}")
    if option.repeats != 1:
        members.append(f".repeats = true, .most = {option.repeats}")
    if option.block.all("chips"):
        members.append(".lists_chips = true")
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
    if program.has_force:
        members.append(f".force = {lead}_FORCE")
    types = [type_row(o, t, lead) for o in program.options for t in o.types]
    rules = [rule_row(r, lead) for r in program.rules]
    refusals = [refusal_row(r, lead) for r in program.refusals]
    for kind, rows in (("type", types), ("rule", rules),
                       ("refusal", refusals)):
        if rows:
            name = f"{lead.lower()}_{kind}s"
            tables += array(f"cli_{kind}", name, rows)
            members.append(f".{kind}s = {name}, .{kind}_count = {len(rows)}")
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
            header += "".join(f"#define {lead}_{o.id}_MAX {o.repeats}u\n"
                              for o in program.options if o.repeats > 1)
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
