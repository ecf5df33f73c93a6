"""Every hint that the package can print, found in its syntax trees.

A hint is what is given as ``hint`` or ``advice`` to a class that has such a field. `hints` follows
the text from there to where it is written: through local names, constants, parameters and the
functions of the package. What it cannot follow is an error, so that no hint is overlooked: write
such a hint where the error is made, or give its text to a class with a field ``hint``.
"""

from __future__ import annotations

import ast
import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).resolve().parents[2] / "kldiv_cli"
FIELDS = ("hint", "advice")
HOLE = "{}"
"""Stands in the text of a hint for what is known only when it is printed."""
MOST = 64
"""Texts that one expression may have."""


class Hint(NamedTuple):
    """A clause of a hint, with ``{}`` for its holes, and the module that gives it to a class."""

    module: str
    text: str

    def fits(self, printed: str) -> bool:
        """Return whether a printed hint is this one, with its holes filled."""
        pattern = ".*".join(map(re.escape, self.text.split(HOLE)))
        # A word that begins with a dash follows its option with a sign between them.
        pattern = re.sub(r"(-[a-z]+)\\ \.\*", r"\1[ =].*", pattern)
        return re.fullmatch(pattern, printed) is not None


def clauses(text: str) -> list[str]:
    """Return the clauses of a hint: each says one thing, and semicolons stand between them."""
    return text.split("; ")


class UnknownHintError(Exception):
    """A hint whose text cannot be followed to where it is written."""


SPELLERS = ("fitting", "piped", "spelt")
"""Functions that make of a hint that was collected another wording of it."""
Texts = frozenset[str]
PASSED = frozenset[str]()
"""The texts of a hint that was collected where it was made: ``fault.hint``."""
ANY = frozenset({HOLE})


class Function(NamedTuple):
    module: str
    node: ast.FunctionDef
    outer: Function | None

    @property
    def name(self) -> str:
        return self.node.name

    def parameters(self) -> list[str]:
        arguments = self.node.args
        return [each.arg for each in (*arguments.posonlyargs, *arguments.args)]

    def default(self, name: str) -> ast.expr | None:
        arguments = self.node.args
        plain = [*arguments.posonlyargs, *arguments.args]
        pairs = zip(reversed(plain), reversed(arguments.defaults), strict=False)
        keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        found = {each.arg: value for each, value in (*pairs, *keywords)}
        return found.get(name)


class Package:
    """The syntax trees of a package.

    Parameters
    ----------
    sources : mapping of str to str
        The text of each module, by its path.
    words : sequence of str
        The fields whose texts are looked for.
    """

    def __init__(self, sources, words=FIELDS):
        self.words = words
        self.trees = {path: ast.parse(text) for path, text in sources.items()}
        self.functions: dict[str, list[Function]] = {}
        self.constants: dict[str, list[tuple[str, ast.expr]]] = {}
        self.fields: dict[str, tuple[str, int | None]] = {}
        """For each class with such a field: its name, and its place among the arguments."""
        for path, tree in self.trees.items():
            self._note(path, tree.body, None)
        self._note_fields()

    def _note(self, path, body, outer):
        for node in body:
            if isinstance(node, ast.FunctionDef):
                function = Function(path, node, outer)
                self.functions.setdefault(node.name, []).append(function)
                self._note(path, node.body, function)
            elif isinstance(node, ast.ClassDef):
                self._note(path, node.body, outer)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and outer is None and node.value:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.constants.setdefault(target.id, []).append((path, node.value))
            else:
                for part in ("body", "handlers", "orelse", "finalbody"):
                    self._note(path, getattr(node, part, ()), outer)

    def _note_fields(self):
        # Classes of two rooms may have the same name.
        classes = [
            (node.name, node)
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
        ]
        for name, node in classes:
            if (found := _field(node, self.words)) is not None:
                self.fields[name] = found
        for _ in classes:
            for name, node in classes:
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                for base in bases:
                    if base in self.fields:
                        self.fields.setdefault(name, self.fields[base])

    def constant(self, module, name):
        """Return where a constant is defined, and its value: in the module itself, if it is."""
        found = self.constants.get(name, [])
        own = [each for each in found if each[0] == module]
        return (own or found or [None])[0]

    def function(self, module, name):
        """Return a function by its name: that of the module itself, if it has one."""
        found = self.functions.get(name, [])
        own = [each for each in found if each.module == module]
        return own or found


def _field(node, words):
    """Return the field of a class that holds a hint, and its place among the arguments."""
    fields = [
        each.target.id
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == "__init__":
            arguments = each.args
            fields = [argument.arg for argument in arguments.args[1:]]
            for argument in arguments.kwonlyargs:
                if argument.arg in words:
                    return argument.arg, None
    for word in words:
        if word in fields:
            return word, fields.index(word)
    return None


def hints(package: Package) -> set[Hint]:
    """Return every hint of a package.

    Raises
    ------
    UnknownHintError
        If the text of one cannot be found.
    """
    found: set[Hint] = set()
    unknown: list[str] = []
    for path, tree in package.trees.items():
        Walk(package, path, None, found, unknown).block(tree.body)
    if unknown:
        raise UnknownHintError("\n".join(unknown))
    return {hint for hint in found if hint.text.strip()}


class Assigned(NamedTuple):
    """A value that a local name may have, and what was known where it was assigned."""

    value: ast.expr | None
    known: dict[str, tuple[Assigned, ...]]


class Walk:
    """One function, or the body of a module, statement by statement.

    `known` holds what may have been assigned to each local name at this point; the texts are
    looked up where they are asked for.
    """

    def __init__(self, package, module, function, found=None, unknown=None, active=()):
        self.package, self.module, self.function = package, module, function
        self.found: set[Hint] = set() if found is None else found
        self.unknown: list[str] = [] if unknown is None else unknown
        self.active = active
        self.known: dict[str, tuple[Assigned, ...]] = {}
        self.returned: list[tuple[ast.expr, dict[str, tuple[Assigned, ...]]]] = []

    # Statements. A block returns whether its end may be reached.

    def block(self, body) -> bool:
        return all(self.statement(node) for node in body)

    def statement(self, node) -> bool:
        if isinstance(node, ast.FunctionDef):
            inner = Walk(
                self.package, self.module, self._inner(node), self.found, self.unknown, self.active
            )
            inner.known = dict(self.known)
            for name in inner.function.parameters():
                inner.known.pop(name, None)
            inner.block(node.body)
            return True
        if isinstance(node, ast.ClassDef):
            return self.block(node.body) or True
        if isinstance(node, ast.If):
            self.expression(node.test)
            return self._branches(node.body, node.orelse)
        if isinstance(node, (ast.For, ast.While)):
            self.expression(node.iter if isinstance(node, ast.For) else node.test)
            if isinstance(node, ast.For):
                self._forget(node.target)
            self._branches([*node.body, *node.orelse], [])
            return True
        if isinstance(node, (ast.With, ast.Try)):
            for item in getattr(node, "items", ()):
                self.expression(item.context_expr)
            before = dict(self.known)
            ends = self.block(node.body)
            for handler in getattr(node, "handlers", ()):
                after, self.known = self.known, dict(before)
                if self.block(handler.body):
                    self._merge(after)
                    ends = True
                else:
                    self.known = after
            ends = self.block(getattr(node, "orelse", ())) and ends
            return self.block(getattr(node, "finalbody", ())) and ends
        if isinstance(node, ast.Match):
            return self._branches(*[case.body for case in node.cases], [])
        self.expression(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                self._assign(target, node.value)
        elif (
            isinstance(node, ast.AugAssign)
            and isinstance(node.target, ast.Name)
            and self._is_list(node.target.id)
        ):
            self._append(node.target.id, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            sum_ = ast.BinOp(ast.Name(node.target.id), node.op, node.value)
            self._assign(node.target, ast.copy_location(sum_, node))
        elif isinstance(node, ast.Return) and node.value is not None:
            self.returned.append((node.value, dict(self.known)))
        return not isinstance(node, (ast.Return, ast.Raise, ast.Continue, ast.Break))

    def _is_list(self, name) -> bool:
        return any(isinstance(each.value, ast.List) for each in self.known.get(name, ()))

    def _append(self, name, value):
        self.known[name] = (*self.known[name], Assigned(value, dict(self.known)))

    def _inner(self, node):
        return next(each for each in self.package.functions[node.name] if each.node is node)

    def _branches(self, *bodies) -> bool:
        before, ends = self.known, []
        for body in bodies:
            self.known = dict(before)
            if self.block(body):
                ends.append(self.known)
        self.known = dict(before)
        if ends:
            self.known = ends[0]
            for known in ends[1:]:
                self._merge(known)
        return bool(ends)

    def _merge(self, known):
        for name in {*self.known, *known}:
            # Where a name is not assigned it is not used.
            values = (*self.known.get(name, ()), *known.get(name, ()))
            self.known[name] = tuple({id(each.value): each for each in values}.values())

    def _assign(self, target, value):
        if isinstance(target, ast.Name):
            self.known[target.id] = (Assigned(value, dict(self.known)),)
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            for name, part in zip(target.elts, value.elts, strict=True):
                self._assign(name, part)
        elif isinstance(target, ast.Attribute):
            if target.attr.lstrip("_") in self.package.words:
                self._collect(value)
        else:
            self._forget(target)

    def _forget(self, target):
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.known[node.id] = (Assigned(None, {}),)

    # Expressions.

    def expression(self, node):
        """Collect what an expression, or a simple statement, gives to a field of hints."""
        for call in ast.walk(node):
            if isinstance(call, ast.NamedExpr):
                self._assign(call.target, call.value)
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "append"
                and isinstance(call.func.value, ast.Name)
                and self._is_list(call.func.value.id)
            ):
                self._append(call.func.value.id, call.args[0])
            if not isinstance(call, ast.Call):
                continue
            name = _name(call.func)
            if name in self.package.fields:
                field, place = self.package.fields[name]
                self._collect(_argument(call, field, place))
            elif name == "_replace":
                for field in self.package.words:
                    self._collect(_argument(call, field, None))
            elif not (self.function and self.function.name == name):
                for function in self.package.function(self.module, name) if name else ():
                    self._collect_arguments(call, function)

    def _collect_arguments(self, call, function):
        """Collect what is given to a function whose parameter is a hint."""
        names = function.parameters()
        skipped = 1 if names[:1] in (["self"], ["cls"]) else 0
        every = [*names[skipped:], *[each.arg for each in function.node.args.kwonlyargs]]
        for field in self.package.words:
            if field in every:
                place = names[skipped:].index(field) if field in names else None
                self._collect(_argument(call, field, place))

    def _collect(self, value):
        if value is None:
            return
        texts = self.texts(value)
        where = f"kldiv_cli/{self.module}:{value.lineno}"
        if texts is None:
            self.unknown.append(f"{where}: the text of this hint cannot be followed")
            return
        for clause in {clause for text in texts for clause in clauses(text)}:
            if clause and not re.search(r"\w", clause.replace(HOLE, "")):
                self.unknown.append(f"{where}: this hint has no words of its own: {clause!r}")
            self.found.add(Hint(self.module, clause))

    def texts(self, node) -> Texts | None:
        """Return the texts that an expression may have; None if they cannot be told."""
        if isinstance(node, ast.Constant):
            # An exit code is no text.
            return frozenset({node.value}) if isinstance(node.value, str) else PASSED
        if isinstance(node, ast.JoinedStr):
            parts = [
                self.texts(part) if isinstance(part, ast.Constant) else self._hole(part)
                for part in node.values
            ]
            return _joined(parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _joined([self.texts(node.left), self.texts(node.right)])
        if isinstance(node, ast.IfExp):
            return _either([self.texts(node.body), self.texts(node.orelse)])
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            # What stands before it is a condition.
            return self.texts(node.values[-1])
        if isinstance(node, ast.BoolOp):
            return _either(map(self.texts, node.values))
        if isinstance(node, ast.NamedExpr):
            return self.texts(node.value)
        if isinstance(node, ast.Name):
            return self._of_name(node.id)
        if isinstance(node, ast.Attribute):
            return PASSED if node.attr.lstrip("_") in self.package.words else None
        if isinstance(node, ast.Subscript):
            return self._of_entries(node.value)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        return None

    def _hole(self, part) -> Texts:
        """Return the texts of a hole, if it is a part of the hint that is written elsewhere."""
        if part.conversion != -1 or part.format_spec is not None:
            return ANY
        texts = self.texts(part.value)
        return texts if texts and all(re.search(r"\w.* ", t) for t in texts - {""}) else ANY

    def _of_name(self, name) -> Texts | None:
        if name in self.known:
            return _either(self._at(each.value, each.known) for each in self.known[name])
        function = self.function
        while function is not None:
            arguments = [*function.parameters(), *[a.arg for a in function.node.args.kwonlyargs]]
            if name in arguments:
                # What is given to a parameter of this name is collected where it is given.
                default = function.default(name)
                texts = PASSED if default is None else self.texts(default)
                return texts if name in self.package.words else None
            function = function.outer
        if found := self.package.constant(self.module, name):
            module, value = found
            return Walk(self.package, module, None).texts(value)
        return None

    def _at(self, value, known, texts=None) -> Texts | None:
        """Return the texts of an expression, or of its entries, where these names were known."""
        before, self.known = self.known, known
        try:
            return None if value is None else (texts or self.texts)(value)
        finally:
            self.known = before

    def _of_entries(self, node) -> Texts | None:
        """Return the texts that the entries of a mapping or a sequence may have."""
        if isinstance(node, ast.Name):
            if node.id in self.known:
                values = self.known[node.id]
                return _either(self._at(v.value, v.known, self._of_entries) for v in values)
            found = self.package.constant(self.module, node.id)
            if found is None:
                return None
            return Walk(self.package, found[0], None)._of_entries(found[1])
        if isinstance(node, ast.Dict):
            return _either(map(self.texts, node.values))
        if isinstance(node, (ast.Tuple, ast.List)):
            return _either(map(self.texts, node.elts))
        return None

    def _of_call(self, node) -> Texts | None:
        name = _name(node.func)
        if isinstance(node.func, ast.Attribute):
            if name == "join" and len(node.args) == 1:
                return self._of_join(node)
            if name == "format":
                return self.texts(node.func.value)
            if name == "get":
                fallback = self.texts(node.args[1]) if len(node.args) > 1 else frozenset({""})
                return _either([self._of_entries(node.func.value), fallback])
        if name in SPELLERS:
            return PASSED
        if name == "option":
            # An option with a word of the input: `kldiv_cli.errors.option`.
            return _joined([self.texts(node.args[0]), frozenset({" "}), ANY])
        functions = self.package.function(self.module, name) if name else ()
        if not functions or any(each.node in self.active for each in functions):
            return None
        return _either(self._of_returns(each, node) for each in functions)

    def _of_returns(self, function, call) -> Texts | None:
        inner = Walk(self.package, function.module, function, active=(*self.active, function.node))
        names = function.parameters()
        for place, name in enumerate(names[1:] if names[:1] == ["self"] else names):
            given = _argument(call, name, place)
            if given is not None:
                inner.known[name] = (Assigned(given, self.known),)
        inner.block(function.node.body)
        if not inner.returned:
            return None
        return _either(inner._at(value, known) for value, known in inner.returned)

    def _of_join(self, node) -> Texts | None:
        """Return one element, and two of them: more read alike."""
        between, (elements,) = self.texts(node.func.value), node.args
        if between is None:
            return None
        one = None
        if isinstance(elements, ast.Name) and elements.id in self.known:
            values = self.known[elements.id]
            one = _either(self._of_elements(each.value, each.known) for each in values)
        elif isinstance(elements, (ast.GeneratorExp, ast.ListComp)):
            one = self.texts(elements.elt)
        elif isinstance(elements, (ast.List, ast.Tuple)):
            one = _either(map(self.texts, elements.elts))
        if one is None:
            return ANY
        # Clauses are each for itself, and several options read like one.
        return one if between <= {"; ", " "} else _either([one, _joined([one, between, ANY])])

    def _of_elements(self, value, known) -> Texts | None:
        """Return the texts that the elements of a list may have."""
        if isinstance(value, (ast.List, ast.Tuple)):
            return _either(self._at(each, known) for each in value.elts)
        if isinstance(value, ast.Call) and _name(value.func) == "fromkeys" and value.args:
            value = value.args[0]
        if isinstance(value, (ast.GeneratorExp, ast.ListComp)):
            return self._at(value.elt, known)
        return self._at(value, known)


def _name(node) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def _argument(call, name, place):
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if place is None or len(call.args) <= place:
        return None
    given = call.args[place]
    return None if any(isinstance(each, ast.Starred) for each in call.args[: place + 1]) else given


def _joined(parts) -> Texts | None:
    parts = list(parts)
    if any(part is None for part in parts):
        return None
    texts = frozenset(re.sub(r"(\{\})+", HOLE, "".join(words)) for words in product(*parts))
    if len(texts) > MOST:
        raise UnknownHintError(f"there are too many ways to put this together: {sorted(texts)[0]}")
    return texts


def _either(parts) -> Texts | None:
    parts = list(parts)
    return None if any(part is None for part in parts) else frozenset().union(*parts)


NAMED = r"(?<![\w-])(?:--[a-z]|-[fo] )|kldiv [a-z]"
QUIET = (
    "cli/options.py", "cli/help.py", "cli/commands/", "pipeline/spelling.py",
    "renderers/formats/style.py",
)  # fmt: skip
"""Where options are defined and spelt, and where styles have names that look like some."""


def mentions(package: Package, known: set[Hint]) -> set[Hint]:
    """Return the other texts in which an option or a command is named: of reports, of messages."""
    found = set()
    for path, tree in package.trees.items():
        if path.startswith(QUIET):
            continue
        texts = [hint.text for hint in known if hint.module == path]
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in docs:
                continue
            text = node.value if isinstance(node.value, str) else ""
            is_phrase = " " in text.strip() and re.search(NAMED, text)
            is_hint = all(any(part in hint for hint in texts) for part in clauses(text))
            if is_phrase and not is_hint:
                found.add(Hint(path, text))
    return found


def read_package(words=FIELDS) -> Package:
    """Return the syntax trees of this package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    texts = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in paths}
    return Package(texts, words)


def codes() -> set[str]:
    """Return the code of every error, note and reason of a verdict."""
    return {hint.text for hint in hints(read_package(("code",)))}


if __name__ == "__main__":
    for hint in sorted(hints(read_package())):
        print(f"{hint.module}: {hint.text}")
