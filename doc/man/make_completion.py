#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""Make the completion of the programs' command lines, for bash and zsh.

    make_completion.py FOLDER [PROGRAM...]

writes PROGRAM, for bash, and _PROGRAM, for zsh, of the option tables in
examples/options.  A word is completed by the option before it: values that are
listed, parts, ports, HSMs, and files where a file is meant; options where a
word begins with a dash.
"""

import dataclasses
import pathlib
import re
import sys

sys.dont_write_bytecode = True

import programs  # noqa: E402
from headers import ROOT  # noqa: E402
from make_options import programs_of  # noqa: E402

TABLES = sorted(p.stem for p in (ROOT / "examples/options").glob("sfi-*.txt"))
FILES = set("FILE FOLDER DIR CERT LICENSE CSV KEY NONCE AUDITKEY IMAGE OUT "
            "OTHER PATH PREFIX PERSO OUT.sfi FILE.sfi FILE.smi MAP.svg "
            "BOOT LOADER PROGRAM RECEIPTS".split())
PORTS = ("/dev/ttyUSB* /dev/ttyACM* /dev/spidev* /dev/serial/by-id/*",
         ["usb1", "swd", "jtag"])
HSMS = ["vault:", "pcsc:", "server:https://", "1"]
HEAD = """\
# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# {name}(1): completion for {shell}, made by doc/man/make_completion.py.
"""


@dataclasses.dataclass
class Values:
    """What can be at a place of the command line."""

    words: list
    files: bool = False
    ports: bool = False

    def add(self, placeholder, has_chips):
        """FILE, CHIP, HSM, ...: what it stands for."""
        if placeholder in FILES or placeholder.startswith("vault:"):
            self.files = True
        if placeholder in ("CHIP", "NAME", "ID") and has_chips:
            self.words += [n for n, _ in programs.chips()]
        if placeholder == "HSM" or placeholder.startswith("vault:"):
            self.words += HSMS
        if placeholder == "PORT":
            self.ports = True


def keys_of(option):
    """The keys that a person may want, with what they take."""
    said = f"{option.values or ''} {' '.join(option.block.text)}"
    found = {}
    for key, holder in re.findall(r"\b([A-Za-z]\w*)=([\w.:|-]*)", said):
        if key in option.keys and key not in found:
            found[key] = Values([])
            # one word, or several to choose among
            if "|" in holder:
                found[key].words += holder.split("|")
            found[key].add(holder, key == "chip" or has_chips(option))
    for fact in option.block.all("key"):
        if fact.words[1] == "choice":
            found.setdefault(fact.words[0], Values([])).words = fact.words[2:]
    return found


def has_chips(option):
    return bool(option.block.all("chips")) or option.name == "template-ob"


def values_of(option):
    found = Values([])
    for holder in re.findall(r"(?<![\w=.:])(vault:PATH|[A-Z][A-Z_]*"
                             r"(?:\.[a-z]+)?)(?![\w=])", option.values or ""):
        found.add(holder, has_chips(option))
    for fact in option.block.all("value"):
        at = fact.words.index("choice") if "choice" in fact.words else None
        found.words += fact.words[at + 1:] if at else []
    if re.fullmatch(r"[a-z]\w*(\|[A-Z]+)?\.*|displ.*", option.values or ""):
        found.words.append(re.match(r"\w+", option.values)[0])
    found.words = list(dict.fromkeys(found.words))
    return found


def spelled(option):
    """Every way to write it, with one dash and two."""
    return [d + s for s in option.spellings() for d in ("-", "--")]


def shown(option):
    """The ways to write it that are offered: as --help has them."""
    return ([f"-{option.brief}"] if option.brief else []) + [f"--{option.name}"]


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def name_of(program):
    return re.sub(r"\W", "_", program.name)


# ---- bash ----

BASH = """\
{name}_files()
{{
    compopt -o filenames 2>/dev/null
    mapfile -t -O ${{#COMPREPLY[@]}} COMPREPLY < <(compgen -f -- "$1")
}}

{name}_words()
{{
    local part=$1 word
    shift
    for word; do
        [[ $word != "$part"* ]] || COMPREPLY+=("$word")
    done
    # after KEY= and vault: the word goes on
    [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *[=:/] ]] ||
        compopt -o nospace 2>/dev/null
}}

{name}_ports()
{{
    local path
    for path in {ports}; do
        [[ ! -e $path ]] || {name}_words "$1" "$path"
    done
    {name}_words "$1" {port_words}
}}

"""
BASH_MAIN = """\
{name}()
{{
    local cur prev words cword option= at table={name}_options
    _init_completion -n =: || return
    # what readline replaces: behind the last = or :
    local part=${{cur##*[=:]}}
{commands}    if [[ $cur == -* ]]; then
        {name}_words "$cur" $("$table" list)
        return
    fi
    for ((at = cword - 1; at > 0; at--)); do
        [[ ${{words[at]}} != -?* ]] || {{ option=${{words[at]}}; break; }}
    done
    "$table" "$option"
}}

complete -F {name} {program}
"""
BASH_COMMANDS = """\
    case ${{words[1]}} in
{cases}
    esac
    if [[ $cword == 1 && $cur != -* ]]; then
        {name}_words "$cur" {words}
{more}        return
    fi
"""


def bash_values(lead, values, part):
    lines = []
    if values.ports:
        lines.append(f'{lead}_ports "{part}"')
    if values.files:
        lines.append(f'{lead}_files "{part}"')
    if values.words:
        lines.append(f'{lead}_words "{part}" '
                     f"{' '.join(quote(w) for w in values.words)}")
    return lines


def bash_option(lead, option):
    keys, values = keys_of(option), values_of(option)
    lines = [f"    {' | '.join(spelled(option))})"]
    if keys or "HSMS" in values.words or "vault:" in values.words:
        lines.append("        case $cur in")
        for key, inside in keys.items():
            lines.append(f"        {key}=vault:*) {lead}_files \"$part\" ;;"
                         if "vault:" in inside.words else "")
            acts = "; ".join(bash_values(lead, inside, "$part")) or ":"
            lines.append(f"        {key}=*) {acts} ;;")
        lines.append(f"        vault:*) {lead}_files \"$part\" ;;"
                     if "vault:" in values.words else "")
        values.words += [f"{k}=" for k in keys]
        acts = "; ".join(bash_values(lead, values, "$cur")) or ":"
        lines += [f"        *) {acts} ;;", "        esac"]
    else:
        lines += [f"        {a}" for a in bash_values(lead, values, "$cur")]
    return [ln for ln in lines if ln] + ["        ;;"]


def bash_table(lead, program):
    names = [w for o in program.options for w in shown(o)]
    lines = [f"{name_of(program)}_options()", "{", "    case $1 in",
             f"    list) echo {' '.join(names)} --help --version ;;"]
    for option in program.options:
        lines += bash_option(lead, option)
    if program.operands:
        lines += ["    *)", f"        {lead}_files \"$cur\"", "        ;;"]
    return "\n".join([*lines, "    esac", "}", "", ""])


def bash(all_programs):
    first, commands = all_programs[0], all_programs[1:]
    lead = "_" + name_of(first)
    text = HEAD.format(name=first.name, shell="bash")
    text += BASH.format(name=lead, ports=PORTS[0],
                        port_words=" ".join(PORTS[1]))
    for program in all_programs:
        text += bash_table(lead, program).replace(
            f"{name_of(program)}_options()", f"_{name_of(program)}_options()")
    words = [p.name.split()[1] for p in commands]
    cases = "\n".join(f"    {w}) table=_{name_of(p)}_options ;;"
                      for w, p in zip(words, commands))
    more = BASH_COMMANDS.format(name=lead, cases=cases, words=" ".join(words),
                                more=f'        {lead}_files "$cur"\n'
                                if first.operands else "")
    return text + BASH_MAIN.format(name=lead, program=first.name,
                                   commands=more if commands else "")


# ---- zsh ----

ZSH_MAIN = """\
{name}()
{{
    local option= at table={name}_options
    local -a list
{commands}    if [[ $PREFIX == -* ]]; then
        $table list
        _describe -o option list
        return
    fi
    for ((at = CURRENT - 1; at > 1; at--)); do
        [[ $words[at] != -?* ]] || {{ option=$words[at]; break }}
    done
    $table $option
}}

{name} "$@"
"""
ZSH_COMMANDS = """\
    case $words[2] in
{cases}
    esac
    if [[ $CURRENT == 2 && $PREFIX != -* ]]; then
        list=({words})
        _describe command list
        return
    fi
"""


def zsh_values(values):
    """Commands that offer what can be at a place."""
    whole = [w for w in values.words if not w.endswith(("=", ":", "/"))]
    begun = [w for w in values.words if w.endswith(("=", ":", "/"))]
    lines = []
    if values.ports:
        lines += [f"compadd -- {PORTS[0].replace('* ', '*(N) ')}(N)",
                  f"compadd -- {' '.join(PORTS[1])}"]
    if whole:
        lines.append(f"compadd -- {' '.join(quote(w) for w in whole)}")
    if begun:
        lines.append(f"compadd -S '' -- {' '.join(quote(w) for w in begun)}")
    if values.files:
        lines.append("_files")
    return lines or [":"]


def zsh_option(option):
    keys, values = keys_of(option), values_of(option)
    lines = [f"    {'|'.join(spelled(option))})"]
    for key, inside in keys.items():
        lines.append(f"        if compset -P {key}=; then")
        lines += zsh_vault(inside, "            ")
        lines += [f"            {a}" for a in zsh_values(inside)]
        lines += ["            return", "        fi"]
    lines += zsh_vault(values, "        ")
    values.words += [f"{k}=" for k in keys]
    return lines + [f"        {a}" for a in zsh_values(values)] + ["        ;;"]


def zsh_vault(values, margin):
    return [f"{margin}compset -P vault: && {{ _files; return }}"] \
        if "vault:" in values.words else []


def zsh_table(program):
    rows = []
    for option in program.options:
        said = programs.sentence(option.block.text, option.also)
        said = said.replace("`", "").replace(":", "\\:")[:70]
        rows += [quote(f"{w}:{said}") for w in shown(option)]
    rows += ["'--help:print a help'", "'--version:print the version'"]
    lines = [f"_{name_of(program)}_options()", "{", "    case $1 in",
             "    list)", "        list=(", *(f"            {r}" for r in rows),
             "        )", "        ;;"]
    for option in program.options:
        lines += zsh_option(option)
    if program.operands:
        lines += ["    *) _files ;;"]
    return "\n".join([*lines, "    esac", "}", "", ""])


def zsh(all_programs):
    first, commands = all_programs[0], all_programs[1:]
    lead = "_" + name_of(first)
    text = f"#compdef {first.name}\n" + HEAD.format(name=first.name,
                                                    shell="zsh")
    text += "\n".join(["", *(zsh_table(p) for p in all_programs)])
    words = [p.name.split()[1] for p in commands]
    cases = "\n".join(f"    {w}) table=_{name_of(p)}_options ;;"
                      for w, p in zip(words, commands))
    listed = " ".join(
        quote(f"{w}:{programs.purpose(p).replace(':', '')}")
        for w, p in zip(words, commands))
    more = ZSH_COMMANDS.format(cases=cases, words=listed)
    return text + ZSH_MAIN.format(name=lead, commands=more if commands else "")


def make(wanted=()):
    """(name of a file, its text)."""
    for name in wanted or TABLES:
        found = programs_of(ROOT / f"examples/options/{name}.txt")
        yield name, bash(found)
        yield f"_{name}", zsh(found)


def main(folder, *wanted):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in make(wanted):
        (folder / name).write_text(text, "ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
