# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""A Sphinx extension: a name of C, of Python or of a program that is written as
code leads to what it names, and each status and rule of doc/errors.md is a
place to go to."""

import json
import pathlib
import re

from docutils import nodes

OF_ERRORS = re.compile(r"(SFI_(?:ERR|CAUSE)_\w+|[a-z0-9]+(?:-[a-z0-9]+)+)$")


def read_names(app):
    text = pathlib.Path(app.srcdir, "names.json").read_text(encoding="utf-8")
    app.env.sfi_names = json.loads(text)
    if not hasattr(app.env, "sfi_errors"):
        app.env.sfi_errors = []


def mark_errors(app, tree):
    """The first cell of a row of the tables of doc/errors.md names it."""
    if app.env.docname != "errors":
        return
    app.env.sfi_errors = []
    for row in tree.findall(nodes.row):
        name = row[0].astext()
        if OF_ERRORS.match(name):
            row["ids"].append(name)
            app.env.sfi_errors.append(name)


def place(env, text):
    """(page, anchor) of a name of C or Python or of an error, or None."""
    name = text.removesuffix("()")
    if name in env.sfi_errors:
        return "errors", name
    if name in env.sfi_names:
        page, label = env.sfi_names[name]
        return page, env.domaindata["std"]["anonlabels"][label][1] \
            if label else ""
    if re.fullmatch(r"sfi-[a-z]+", name) and name in env.found_docs:
        return name, ""
    if name.startswith("sfi."):
        thing = env.domaindata["py"]["objects"].get(name)
        return (thing.docname, thing.node_id) if thing else None
    return None


def uri(app, docname, page, anchor):
    path = "" if page == docname else \
        app.builder.get_relative_uri(docname, page)
    return f"{path}#{anchor}" if anchor else path


def is_inside(node, *kinds):
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def link_names(app, tree, docname):
    for node in list(tree.findall(nodes.literal)):
        found = place(app.env, node.astext())
        if found is None or is_inside(node, nodes.reference, nodes.title) or \
                (found[0] == docname and not found[1]):
            continue
        where = node
        while where.parent is not None and not isinstance(where, nodes.row):
            where = where.parent
        if found[1] in where.get("ids", []):
            continue  # the row that it would lead to
        node.replace_self(nodes.reference(
            "", "", node.deepcopy(), internal=True,
            refuri=uri(app, docname, *found)))


def find_python(app, env, node, content):
    """`sfi.hsm.Hsm`, as annotations have it, is `sfi.Hsm` for a program."""
    if node.get("refdomain") != "py":
        return None
    last = node["reftarget"].rpartition(".")[2]
    objects = env.domaindata["py"]["objects"]
    thing = objects.get(f"sfi.{last}") or objects.get(f"sfi.sim.{last}")
    if thing is None:
        return None
    return nodes.reference("", "", content, internal=True, refuri=uri(
        app, node["refdoc"], thing.docname, thing.node_id))


def setup(app):
    app.connect("builder-inited", read_names)
    app.connect("doctree-read", mark_errors)
    app.connect("doctree-resolved", link_names)
    app.connect("missing-reference", find_python)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
