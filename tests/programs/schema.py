# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What programs write in JSON, held against doc/json.schema.json and doc/json.md."""

import json

from check import SOURCE, same

try:
    import jsonschema
except ImportError:
    jsonschema = None

SCHEMA = json.loads((SOURCE / "doc/json.schema.json").read_text())
SPOKEN = (SOURCE / "doc/json.md").read_text()


def conforms(value, kind):
    if jsonschema:
        jsonschema.validate(value, {**SCHEMA, "$ref": f"#/definitions/{kind}"})


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def judge(value, kind):
    """It has the shape, and each key is in the document."""
    conforms(value, kind)
    same([key for key in keys_of(value) if f"`{key}`" not in SPOKEN], [])
    return value


def lines_of(record):
    """The lines of a record, each as it must be."""
    return [judge(json.loads(line), "line")
            for line in record.read_text("utf-8").splitlines()]
