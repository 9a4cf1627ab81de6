# SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
# Copyright The libsfi authors
"""What is in a release, as SPDX 2.3 in JSON: each file with its hashes and its
licence, and what the build found of others."""

import datetime
import hashlib
import io
import re
import tarfile

from source_release import Refused, sha256

OURS = "Apache-2.0 OR GPL-2.0-or-later"
ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
LICENSE_LINE = re.compile(
    rb"^\W*SPDX-License-Identifier: ([\w.+() -]+?)\s*(?:\*/)?$",
    re.M)
# Their owners' words; "optional" is a feature of meson_options.txt.
OTHERS = {
    "check": ("LGPL-2.1-or-later", "TEST_DEPENDENCY_OF"),
    "inih": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "jansson": ("MIT", "OPTIONAL_DEPENDENCY_OF"),
    "libcrypto": ("Apache-2.0", "DEPENDENCY_OF"),
    "libcurl": ("curl", "OPTIONAL_DEPENDENCY_OF"),
    "libevent": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "libevent_openssl": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "libevent_pthreads": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "libpcsclite": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "libpq": ("PostgreSQL", "OPTIONAL_DEPENDENCY_OF"),
    "libssl": ("Apache-2.0", "OPTIONAL_DEPENDENCY_OF"),
    "libusb-1.0": ("LGPL-2.1-or-later", "OPTIONAL_DEPENDENCY_OF"),
    "meson": ("Apache-2.0", "BUILD_TOOL_OF"),
    "nettle": ("LGPL-3.0-or-later OR GPL-2.0-or-later",
               "OPTIONAL_DEPENDENCY_OF"),
    "ninja": ("Apache-2.0", "BUILD_TOOL_OF"),
    "p11-kit-1": ("BSD-3-Clause", "OPTIONAL_DEPENDENCY_OF"),
    "sqlite3": ("blessing", "OPTIONAL_DEPENDENCY_OF"),
    "umockdev-1.0": ("LGPL-2.1-or-later", "OPTIONAL_DEPENDENCY_OF"),
    "unicorn": ("GPL-2.0-only", "OPTIONAL_DEPENDENCY_OF"),
}


def spdx_id(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def file_entry(number, name, data):
    """Its licence is written in it, or it is the project's."""
    m = LICENSE_LINE.search(data[:4096])
    said = m.group(1).decode() if m else None
    return {
        "SPDXID": f"SPDXRef-File-{number}",
        "fileName": "./" + name,
        "checksums": [
            {"algorithm": "SHA1",
             "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": sha256(data)},
        ],
        "licenseConcluded": said or OURS,
        "licenseInfoInFiles": licenses_of(said) if said else ["NONE"],
        "copyrightText": "Copyright The libsfi authors",
    }


def licenses_of(expression):
    return sorted(set(re.split(r" (?:OR|AND) ", expression.strip("()"))))


def file_entries(tar):
    with tarfile.open(fileobj=io.BytesIO(tar)) as t:
        return [file_entry(n, m.name.split("/", 1)[1],
                           t.extractfile(m).read())
                for n, m in enumerate(t)]


def verification_code(files):
    """SPDX 2.3, 7.9: of the SHA-1 of all files, sorted."""
    sums = sorted(c["checksumValue"] for f in files for c in f["checksums"]
                  if c["algorithm"] == "SHA1")
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def package(name, version, license_declared):
    return {
        "SPDXID": spdx_id("Package-" + name),
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": license_declared,
        "licenseDeclared": license_declared,
        "copyrightText": "NOASSERTION",
    }


def release_package(version, tar, tarball, files):
    entry = package("libsfi", version, OURS)
    entry.update(
        packageFileName=f"libsfi-{version}.tar.xz",
        supplier="Organization: The libsfi authors",
        filesAnalyzed=True,
        packageVerificationCode={
            "packageVerificationCodeValue": verification_code(files)},
        licenseInfoFromFiles=sorted({
            one for f in files for one in f["licenseInfoInFiles"]
            if one != "NONE"}),
        checksums=[{"algorithm": "SHA256", "checksumValue": sha256(tarball)}],
        copyrightText="Copyright The libsfi authors",
        comment=f"SHA-256 of the tar in it: {sha256(tar)}",
    )
    return entry


def make(version, tar, tarball, mtime, found):
    """found: {name: version} of what the build used of others."""
    unknown = sorted(set(found) - set(OTHERS))
    if unknown:
        raise Refused(f"{', '.join(unknown)}: not in the table of "
                      "scripts/release_sbom.py, expected licence and use")
    files = file_entries(tar)
    ours = release_package(version, tar, tarball, files)
    others = [package(n, v, OTHERS[n][0]) for n, v in sorted(found.items())]
    date = datetime.datetime.fromtimestamp(mtime, datetime.timezone.utc)
    links = [("SPDXRef-DOCUMENT", "DESCRIBES", ours["SPDXID"])]
    links += [(o["SPDXID"], OTHERS[o["name"]][1], ours["SPDXID"])
              for o in others]
    links += [(ours["SPDXID"], "CONTAINS", f["SPDXID"]) for f in files]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"libsfi-{version}",
        "documentNamespace": "https://spdx.org/spdxdocs/"
                             f"libsfi-{version}-{sha256(tar)}",
        "creationInfo": {
            "created": date.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Organization: The libsfi authors",
                         "Tool: scripts/release"],
        },
        "packages": [ours, *others],
        "files": files,
        "relationships": [{"spdxElementId": a, "relationshipType": kind,
                           "relatedSpdxElement": b} for a, kind, b in links],
    }


# ---- check -------------------------------------------------------------

NEEDED = ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace",
          "creationInfo", "packages", "files", "relationships")


def check_form(doc):
    """What SPDX 2.3 wants of such a document, as far as ours has it."""
    missing = [key for key in NEEDED if key not in doc]
    if missing:
        raise Refused(f"no {', '.join(missing)}")
    if doc["spdxVersion"] != "SPDX-2.3":
        raise Refused(f"{doc['spdxVersion']}, expected SPDX-2.3")
    ids = [e["SPDXID"] for e in [doc, *doc["packages"], *doc["files"]]]
    for one in ids:
        if not ID.fullmatch(one):
            raise Refused(f"{one}: not the form of an SPDXID")
    if len(set(ids)) != len(ids):
        raise Refused("an SPDXID is there twice")
    for r in doc["relationships"]:
        for end in (r["spdxElementId"], r["relatedSpdxElement"]):
            if end not in ids:
                raise Refused(f"a relationship of {end}, which is not there")


def check(doc, version, tar, tarball, mtime):
    """The document is that of this tarball; only what a build finds of others
    may differ, as machines do."""
    try:
        check_form(doc)
        found = {p["name"]: p["versionInfo"] for p in doc["packages"]
                 if p["name"] != "libsfi"}
    except (KeyError, TypeError, AttributeError) as e:
        raise Refused(f"not of the form of SPDX: {e!r}") from None
    wanted = make(version, tar, tarball, mtime, found)
    for key in sorted({*wanted, *doc}):
        if doc.get(key) != wanted.get(key):
            where = where_different(doc.get(key), wanted.get(key))
            raise Refused(f"{key}: {where}")
    if "libcrypto" not in found:
        raise Refused("packages: libcrypto is missing, which libsfi needs")


def where_different(found, wanted):
    """The first element that is another one."""
    if isinstance(found, list) and isinstance(wanted, list):
        for f, w in zip(found, wanted):
            if f != w:
                name = w.get("fileName") or w.get("name") or w
                return f"{name} is not that of the tarball"
        return f"{len(found)} elements, expected {len(wanted)}"
    return f"{str(found)[:80]!r}, expected {str(wanted)[:80]!r}"
