# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A page for each program: its option table, and what doc/man/programs has."""

import re

import programs
from make_options import programs_of

FIRST = ["sfi-create", "sfi-hsm", "sfi-program", "sfi-info"]


def plain(text):
    """Markdown in which nothing but code is markup."""
    return "".join(part if part.startswith("`") else
                   re.sub(r"([\\*_<>\[\]])", r"\\\1", part)
                   for part in re.split(r"(`[^`]*`)", " ".join(text.split())))


def entry(option):
    """An option and what it does, as a list of definitions has it."""
    words = ([f"-{option.brief}"] if option.brief else []) + \
        [f"--{option.name}"]
    shown = ", ".join(words) + (f" {option.values}" if option.values else "")
    said = programs.sentence(option.block.text, option.also)
    if option.block.all("chips"):
        said += ". Parts: " + ", ".join(f"`{name}` ({number})"
                                        for name, number in programs.chips())
    return [f"`{shown}`", f": {plain(said)}.", ""]


def of_program(program, level):
    """What --help says of a program or of one of its commands."""
    mark = "#" * level
    lines = [f"{mark} {program.name}", "",
             plain(program.texts["purpose"]), ""]
    usages = re.sub(r"\n +", "\n      ", program.texts.get("usage", ""))
    if usages:
        lines += ["```text", *(u if u.startswith(" ") else
                               f"{program.name} {u}"
                               for u in usages.split("\n")), "```", ""]
    for option in program.options:
        lines += entry(option)
    if program.texts.get("notes"):
        lines += ["```text", program.texts["notes"], "```", ""]
    return lines


def chapters(text, without):
    """The chapters of a Markdown page, one level lower, but for some."""
    parts = re.split(r"^# (.+)\n", text, flags=re.M)[1:]
    return [f"## {title}\n{body.rstrip()}\n"
            for title, body in zip(parts[::2], parts[1::2])
            if title not in without]


def pages(tree):
    """{name: text}; the links of the text are those of doc/man/programs."""
    made, names = {}, []
    for path in sorted((tree.root / "doc/man/programs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        table = tree.root / f"examples/options/{path.name[:-3]}.txt"
        if table.exists():
            first, *commands = programs_of(table)
            lines = of_program(first, 1)
            for program in commands:
                lines += of_program(program, 2)
            head = "\n".join(lines)
            rest = chapters(text, {"Name", "Synopsis", "Options"})
        else:
            head = f"# {path.stem}\n"
            rest = chapters(text, {"Name"})
        made[f"{path.stem}.md"] = tree.links(
            "\n".join([head, *rest]), "doc/man/programs")
        names.append(path.stem)
    names = FIRST + [n for n in names if n not in FIRST]
    made["programs.md"] = "\n".join(
        ["# Programs", "", "Beside these pages each program has `--help`, a "
         "manual page, and completion for bash and zsh.", "", "```{toctree}",
         ":titlesonly:", *names, "```", ""])
    return made
