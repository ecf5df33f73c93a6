"""Count the lines of code of the package, file by file and folder by folder.

::

    python tests/lines.py [ROOT]
    python tests/lines.py [ROOT] --parameters 7

A line counts if it is neither blank, nor only a comment, nor part of a docstring; a docstring
is any string that stands alone as a statement, so also the one below an attribute. A folder's
number is that of the files in it; its sub-folders have lines of their own. ROOT is the folder
``kldiv_cli`` of this checkout if not given.

With ``--parameters N`` it names each function that takes more than N parameters, ``self`` and
``cls`` not counted, in place of the table; the exit code is then 1 if there is one.
"""

from __future__ import annotations

import argparse
import ast
import io
import tokenize
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "kldiv_cli"
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def code_lines(text):
    """Return the numbers of the lines of code in a Python source."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in NO_CODE:
            found.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if is_docstring(node):
            found.difference_update(range(node.lineno, node.end_lineno + 1))
    # A string of several lines may hold blank ones.
    lines = text.split("\n")
    return {number for number in found if lines[number - 1].strip()}


def is_docstring(node):
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def functions(tree):
    """Return each function of a syntax tree, and how many parameters it takes."""
    methods = {
        function
        for owner in ast.walk(tree)
        if isinstance(owner, ast.ClassDef)
        for function in owner.body
        if isinstance(function, FUNCTIONS) and not is_static(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            given = node.args
            count = len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs)
            count += bool(given.vararg) + bool(given.kwarg)
            yield node, count - (node in methods)


def is_static(function):
    return any(getattr(node, "id", "") == "staticmethod" for node in function.decorator_list)


def sources(root):
    """Return the Python files of each folder below `root`, itself first, with their texts."""
    folders = {}
    for path in sorted(root.rglob("*.py")):
        folders.setdefault(path.parent, []).append((path, path.read_text()))
    return dict(sorted(folders.items()))


def table(root):
    """Return the lines of the table."""
    rows, total, files = [], 0, 0
    for folder, texts in sources(root).items():
        counts = {path.name: len(code_lines(text)) for path, text in texts}
        total += sum(counts.values())
        files += len(counts)
        rows.append(f"{sum(counts.values()):7,}  {folder.relative_to(root.parent)}/")
        rows += [f"{count:7,}    {name}" for name, count in counts.items()]
    return [*rows, f"{total:7,}  total of {files} files"]


def wide(root, most):
    """Return a line for each function that takes more than `most` parameters."""
    found = []
    for texts in sources(root).values():
        for path, text in texts:
            for node, count in functions(ast.parse(text)):
                if count > most:
                    where = f"{path.relative_to(root.parent)}:{node.lineno}"
                    found.append((count, f"{count:3}  {where}  {node.name}"))
    return [line for _, line in sorted(found, key=lambda row: -row[0])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("root", nargs="?", type=Path, default=PACKAGE, metavar="ROOT")
    parser.add_argument("--parameters", type=int, metavar="N", help="name wider functions")
    options = parser.parse_args()
    root = options.root.resolve()
    if not root.is_dir():
        parser.error(f"{root} is no folder")
    if options.parameters is None:
        print("\n".join(table(root)))
        return 0
    found = wide(root, options.parameters)
    print("\n".join(found) or f"no function takes more than {options.parameters} parameters")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
