"""Fails when a crate that we ship has a licence that is not permissive."""

import json
import re
import subprocess
import sys

ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0",
    "CC0-1.0", "CDLA-Permissive-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "NCSA", "OpenSSL", "Unicode-3.0",
    "Unicode-DFS-2016", "Unlicense", "WTFPL", "Zlib", "bzip2-1.0.6",
}


def permissive(expression):
    """One alternative of an SPDX expression must consist of allowed licences alone."""
    text = re.sub(r"\s*/\s*", " OR ", expression)
    text = re.sub(r"([A-Za-z0-9.+-]+) WITH ([A-Za-z0-9.-]+)", r"\1_WITH_\2", text)
    words = re.findall(r"\(|\)|[^\s()]+", text)
    code = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    known = lambda word: str(word.replace("_WITH_", " WITH ") in ALLOWED)
    return eval(" ".join(code.get(word) or known(word) for word in words))  # noqa: S307 - words are True, False, and, or


def shipped(metadata):
    """Ids of the packages that normal dependencies of our crates reach."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    todo, seen = list(metadata["workspace_members"]), set()
    while todo:
        package = todo.pop()
        if package in seen:
            continue
        seen.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return seen


def main():
    output = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--locked"], check=True, capture_output=True, text=True
    ).stdout
    metadata = json.loads(output)
    ids = shipped(metadata)
    bad = [
        f"{package['name']} {package['version']}: {package['license']}"
        for package in metadata["packages"]
        if package["id"] in ids and not permissive(package["license"] or "none")
    ]
    for line in bad:
        print("licence not allowed:", line, file=sys.stderr)
    print(f"licences of {len(ids)} crates checked")
    sys.exit(1 if bad else 0)


main()
