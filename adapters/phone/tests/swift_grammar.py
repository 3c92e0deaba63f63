"""Parses Swift files with tree-sitter's grammar: swift_grammar.py FILE...

Neither types nor names are checked; what is no Swift at all is found.
"""

import sys

import tree_sitter
import tree_sitter_swift

# Swift that this grammar does not know, and what stands in its place here; as long, so that lines and columns stay.
UNKNOWN = (
    (b"@_documentation(visibility: private)", b""),
    (b"let writeReturn = { () }", b"let writeReturn = {    }"),
)


def mistakes(node):
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from mistakes(child)


def main(paths):
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_swift.language()))
    found = 0
    for path in paths:
        with open(path, "rb") as file:
            text = file.read()
        for unknown, instead in UNKNOWN:
            text = text.replace(unknown, instead.ljust(len(unknown)))
        for node in mistakes(parser.parse(text).root_node):
            line, column = node.start_point
            print(f"{path}:{line + 1}:{column + 1}: not Swift: {node.text[:60]!r}")
            found += 1
    return 1 if found else 0


sys.exit(main(sys.argv[1:]))
