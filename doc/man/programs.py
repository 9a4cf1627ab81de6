# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Section 1: pages of the programs, of their option tables and of programs/.

programs/NAME.md has what no table says, in the chapters of a manual page:
Description, Environment, Files, Examples, See also.
"""

import re
import sys

import headers
import mdoc
import text
from headers import ROOT
from mdoc import argument
from reference import references

sys.path.insert(0, str(ROOT / "examples/options"))
from make_options import programs_of  # noqa: E402

HERE = ROOT / "doc/man/programs"
TOKEN = re.compile(r"\s+|(\.\.\.)|([\[\]()|,{}])|(-{1,2}[A-Za-z?][\w-]*)"
                   r"|([A-Za-z][\w-]*=)"
                   r"|([^\s\[\]()|,{}]+?(?=\.\.\.|[\s\[\]()|,{}]|$))")
# What each program ends with, behind what is its own.
STATUSES = """\
| 0 | success |
| 1 | the program: an argument or a state that is not possible |
| 2 | an input: a file is malformed, too long, or nothing for this chip |
| 3 | security: a tag, a MAC or a certificate does not match |
| 4 | the link, or a file: no answer, no such port, in use, not allowed |
| 5 | the device: it refused, or broke its protocol |
| 6 | the HSM: no installations left, a wrong PIN, blank or blocked |
| 7 | the machine: no memory, a full disk, cancelled |
| 64 | the command line is wrong |
"""


def chips():
    """(name, device id) of each part."""
    for path in sorted((ROOT / "lib/chip").glob("stm32*.c")):
        found = path.read_text("utf-8")
        name = re.search(r'\.name = "(\w+)"', found)
        number = re.search(r"\.device_id = (0x[0-9a-f]+)", found)
        if name and number:
            yield name.group(1), number.group(1)


def words(line):
    """A usage or the values of an option, as macros on one line."""
    parts, glued = [], False
    for m in TOKEN.finditer(line):
        dots, mark, option, key, word = m.groups()
        if not m.group(0).strip():
            glued = False
            continue
        made = None
        if mark in ("[", "]"):
            if mark == "[" and glued and parts:
                parts.append("Ns")
            parts.append("Oo" if mark == "[" else "Oc")
            # the brackets bring no blank on their inner sides
            glued = mark == "]"
            continue
        if dots:
            made = "No ..."
        elif mark:
            made = "No " + argument(mark)
        elif option:
            made = "Fl " + argument(option[1:])
        elif key:
            made = "Cm " + argument(key)
        elif re.fullmatch(r"[A-Z][A-Z0-9_.-]*[a-z]*", word) or \
                re.fullmatch(r"[A-Z]+\.[a-z]+", word):
            made = "Ar " + argument(word)
        else:
            made = "Cm " + argument(word)
        if glued and parts:
            parts.append("Ns")
        parts.append(made)
        glued = True
    return " ".join(parts)


def usages(program):
    """Each usage of a program on one line."""
    found = []
    for line in program.texts.get("usage", "").split("\n"):
        if line.startswith(" ") and found:
            found[-1] += " " + line.strip()
        elif line:
            found.append(line)
    return found


def synopsis(w, programs):
    w.section("Synopsis")
    commands = [p.name.partition(" ")[2] for p in programs]
    for program, command in zip(programs, commands):
        for usage in usages(program):
            if not command and usage.split()[0] in commands:
                continue  # they follow
            w.add(f".Nm {programs[0].name}",
                  *([f".Cm {command}"] if command else []),
                  "." + words(usage))
    w.add(f".Nm {programs[0].name}")
    if len(programs) > 1:
        w.add(".Op Ar command")
    w.add(".Fl \\-help | \\-version")


def option_head(option):
    spelled = [f"Fl {option.brief}"] if option.brief else []
    spelled += [f"Fl \\-{option.name}"]
    head = " , ".join(spelled)
    return head + (" " + words(option.values) if option.values else "")


def notes_of(option, said):
    """What the help does not say, and the table does."""
    if option.also:
        yield "Also spelled " + ", ".join(
            f"`-{'-' * (len(a) > 1)}{a}`" for a in option.also) + "."
    for fact in option.block.all("needs"):
        others = re.findall(r"(?<!\w)-{1,2}[A-Za-z][\w-]*", fact.rest)
        if not all(f"{o}`" in said or o in said.split() for o in others):
            yield f"Needs {dashed(fact.rest)}."
    if option.repeats > 1:
        yield f"At most {option.repeats} times."
    elif not option.repeats and not re.search(r"\brepeat|\bseveral", said):
        yield "May be repeated."
    if any(not f.rest for f in option.block.all("required")):
        yield "Required."


def dashed(rest):
    return re.sub(r"(?<!\w)(-{1,2}[A-Za-z][\w-]*)", r"`\1`", rest)


def sentence(lines, also=()):
    """The help of an option as a sentence."""
    said = re.sub(r"(?:\.\s+The chips)?[.;:]$", "", " ".join(lines).strip()) \
        if not lines[-1].endswith("...") else " ".join(lines)
    # --help tells another spelling so
    said = re.sub(r"^-(\w+): ", lambda m: "" if m[1] in also else m[0], said)
    said = said[0].upper() + said[1:] if re.match(r"[a-z]+\b(?![=.])", said) \
        else said
    return dashed(said)


def options(w, program):
    rows = []
    for option in program.options:
        said = sentence(option.block.text, option.also)
        more = " ".join(notes_of(option, said))
        content = [("text", f"{said}." + (" " + more if more else ""))]
        if option.block.all("chips"):
            listed = ", ".join(f"`{n}` ({i})" for n, i in chips())
            content.append(("text", f"Parts: {listed}."))
        rows.append((option_head(option), content))
    if " " not in program.name:
        rows += [("Fl \\-help", [("text", "Print a help.")]),
                 ("Fl \\-version", [("text", "Print the version.")])]
    w.terms(rows, compact=False)


def notes(w, program):
    """Paragraphs, and lists whose lines begin with blanks."""
    part = []
    for line in [*program.texts.get("notes", "").split("\n"), ""]:
        if line and line.startswith(" ") == bool(part and
                                                 part[0].startswith(" ")):
            part.append(line)
            continue
        show(w, part)
        part = [line] if line else []
    show(w, part)


def show(w, part):
    if part and part[0].startswith(" "):
        w.literal("\n".join(ln[2:] for ln in part))
    elif part:
        w.add(".Pp")
        w.text(dashed(" ".join(part)))


def purpose(program):
    return " ".join(program.texts["purpose"].split()).rstrip(".")


def described(w, programs, own):
    w.section("Description")
    w.text(f"{purpose(programs[0])}.")
    if own.get("Description"):
        w.add(".Pp")
        w.blocks(own["Description"])
    notes(w, programs[0])
    w.add(".Pp")
    w.text("An option may be written with one dash or with two.")


def commands(w, programs):
    if programs[0].options:
        w.section("Options")
        options(w, programs[0])
    if len(programs) == 1:
        return
    w.section("Commands")
    for program in programs[1:]:
        w.part(program.name)
        w.text(f"{purpose(program)}.")
        options(w, program)
        notes(w, program)


def own_chapters(name):
    path = HERE / f"{name}.md"
    return dict(text.chapters(path.read_text("utf-8"))) if path.exists() else {}


def statuses(w, own):
    w.section("Exit status")
    rows = text.blocks(("| | |\n|---|---|\n" + STATUSES).splitlines())
    rows[0][1][-1:-1] = own
    w.blocks(rows)


def chapter_of(w, own, title):
    if own.get(title):
        w.section(title)
        w.blocks(own[title])


def ending(w, own, has_statuses=True):
    for chapter in ("Environment", "Files"):
        chapter_of(w, own, chapter)
    if has_statuses:
        more = own.get("Exit status", [])
        statuses(w, [r for k, c in more if k == "table" for r in c[1:]])
    else:
        chapter_of(w, own, "Exit status")
    chapter_of(w, own, "Examples")
    see = mdoc.Writer(w.pages, w.own, markdown=True)
    see.blocks(own.get("See also", []))
    w.section("See also")
    references(w, {p for p in w.seen | see.seen if p[0] != w.own} |
               {("sfi", "7")})


def write(pages, name):
    w = mdoc.Writer(pages, name, markdown=True)
    own = own_chapters(name)
    table = ROOT / f"examples/options/{name}.txt"
    if not table.exists():
        return without_table(w, name, own)
    programs = programs_of(table)
    w.section("Name")
    w.add(f".Nm {name}", ".Nd " + w.flat(own["Name"][0][1]))
    synopsis(w, programs)
    described(w, programs, own)
    commands(w, programs)
    ending(w, own)
    return w.lines


def without_table(w, name, own):
    """A program whose command line has no table: all is in its chapters."""
    w.section("Name")
    w.add(f".Nm {name}")
    w.add(".Nd " + w.flat(own["Name"][0][1]))
    w.section("Synopsis")
    for _, usage in own["Synopsis"]:
        w.add(f".Nm {name}", "." + words(usage))
    for chapter in ("Description", "Options"):
        w.section(chapter)
        w.blocks(own[chapter])
    ending(w, own, has_statuses=False)
    return w.lines


__all__ = ["write", "chips", "headers"]
