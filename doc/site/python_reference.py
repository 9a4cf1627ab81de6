# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""The reference of the package `sfi`: a page for each of its modules, whose
names are those that a program uses, `sfi.Hsm` and not `sfi.hsm.Hsm`."""

import importlib
import inspect
import pathlib

import sfi

NOT_OF_THE_PACKAGE = ("sim",)  # imported by itself


def titled(text, line="="):
    return f"{text}\n{line * len(text)}\n"


def entry(name, what):
    """What autodoc is told of one name."""
    if not inspect.isclass(what):
        kind = "function" if inspect.isfunction(what) else "data"
        return f".. auto{kind}:: {name}\n"
    options = ["members", "undoc-members"]
    if issubclass(what, Exception):
        options.append("show-inheritance")
    return f".. autoclass:: {name}\n" + "".join(f"   :{o}:\n" for o in options)


def names_of(stem, module):
    return [n for n in getattr(module, "__all__", [])
            if stem in NOT_OF_THE_PACKAGE or n in sfi.__all__]


def page(stem, module):
    package = f"sfi.{stem}" if stem in NOT_OF_THE_PACKAGE else "sfi"
    first, _, rest = inspect.getdoc(module).partition("\n\n")
    parts = [titled(f"{package}: {stem.replace('_', ' ')}"), first, rest,
             f".. py:{'current' if package == 'sfi' else ''}module:: "
             f"{package}\n"]
    parts += [entry(n, getattr(module, n)) for n in names_of(stem, module)]
    return "\n\n".join(parts)


def pages(root):
    stems = sorted(p.stem for p in pathlib.Path(
        root, "bindings/python/sfi").glob("[a-z]*.py"))
    modules = {s: importlib.import_module(f"sfi.{s}") for s in stems}
    modules = {s: m for s, m in modules.items() if names_of(s, m)}
    found = {n for s, m in modules.items() for n in names_of(s, m)}
    without = {n for n in sfi.__all__
               if not inspect.ismodule(getattr(sfi, n))} - found
    if without:
        raise SystemExit(f"in no __all__ of a module: {sorted(without)}")
    made = {f"python/{s}.rst": page(s, m) for s, m in modules.items()}
    made["python/index.rst"] = "\n".join(
        [titled("Python reference"), ".. py:module:: sfi\n",
         inspect.getdoc(sfi), "", ".. toctree::", "",
         *(f"   {s}" for s in modules), ""])
    return made
