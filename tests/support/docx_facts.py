"""Counts what a Word file consists of, to compare two of them: prints one JSON object for each file named.

Headings by their styles, items of lists, tables with rows, cells and merges, pictures, and the words. What is counted is the
body as it stands with all changes accepted: no headers, no comments, no deleted text.
"""

import json
import re
import sys
import unicodedata
import xml.etree.ElementTree as ET
import zipfile

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
V = "{urn:schemas-microsoft-com:vml}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
TITLES = {"title", "subtitle"}


def value(element, path):
    found = element.find(path) if element is not None else None
    return found.get(W + "val") if found is not None else None


def styles_of(package):
    styles = {}
    if "word/styles.xml" in package.namelist():
        for style in ET.fromstring(package.read("word/styles.xml")).iter(W + "style"):
            styles[style.get(W + "styleId")] = (
                (value(style, W + "name") or "").lower(),
                value(style, W + "basedOn"),
                value(style, f"{W}pPr/{W}numPr/{W}numId"),
            )
    return styles


def chain(styles, style):
    for _ in range(20):
        if style not in styles:
            return
        yield styles[style]
        style = styles[style][1]


def walk(element, skip):
    """All elements below, without what is deleted, moved away or only a fallback."""
    for child in element:
        if child.tag in skip:
            continue
        yield child
        yield from walk(child, skip)


def facts(path):
    package = zipfile.ZipFile(path)
    styles = styles_of(package)
    body = ET.fromstring(package.read("word/document.xml")).find(W + "body")
    skip = {W + "del", W + "moveFrom", MC + "Fallback", W + "txbxContent", W + "pict", W + "object"}
    counts = {"headings": 0, "items": 0, "tables": 0, "rows": 0, "cells": 0, "merges": 0, "pictures": 0}
    text = []
    for element in walk(body, skip):
        if element.tag == W + "p":
            style = value(element, f"{W}pPr/{W}pStyle")
            line = list(chain(styles, style))
            has_text = any(part.text and part.text.strip() for part in walk(element, skip) if part.tag == W + "t")
            heading = any(re.fullmatch(r"heading [1-9]", name) for name, _, _ in line)
            number = value(element, f"{W}pPr/{W}numPr/{W}numId") or next((number for _, _, number in line if number), None)
            counts["headings"] += heading and has_text
            counts["items"] += bool(number and number != "0") and not heading and has_text
            text.append("\n")
        elif element.tag == W + "t":
            text.append(element.text or "")
        elif element.tag == W + "tbl":
            counts["tables"] += 1
        elif element.tag == W + "tr":
            counts["rows"] += 1
        elif element.tag == W + "tc":
            merge = element.find(f"{W}tcPr/{W}vMerge")
            continues = merge is not None and merge.get(W + "val") in (None, "continue")
            span = int(value(element, f"{W}tcPr/{W}gridSpan") or 1)
            counts["cells"] += not continues
            counts["merges"] += span > 1 or (merge is not None and not continues)
    drawn = {W + "del", W + "moveFrom", MC + "Fallback"}
    counts["pictures"] = sum(element.tag in (A + "blip", V + "imagedata") for element in walk(body, drawn))
    words = re.sub(r"\s|[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\xad]", "", unicodedata.normalize("NFKC", "".join(text)))
    return {**counts, "characters": len(words), "text": words}


for name in sys.argv[1:]:
    print(json.dumps(facts(name), ensure_ascii=False))
