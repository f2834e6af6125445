"""All the small changes of a module that a test should notice: each is one node of its syntax tree, turned round."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """A changed module: its tree, the line, and that line's expression before and after."""

    tree: ast.Module
    line: int
    before: str
    after: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source. Annotations, decorators and texts are left alone."""
    tree = ast.parse(source)
    left_alone = _annotations(tree)
    for index, node in enumerate(ast.walk(tree)):
        if index in left_alone:
            continue
        for n, changed in enumerate(_changes(node)):
            mutated = copy.deepcopy(tree)
            twin = next(each for i, each in enumerate(ast.walk(mutated)) if i == index)
            list(_apply(twin))[n]()
            ast.fix_missing_locations(mutated)
            yield Mutant(mutated, getattr(node, "lineno", 0), _told(node), _told(twin) if changed else "")


def _annotations(tree: ast.Module) -> set[int]:
    places = {id(node): index for index, node in enumerate(ast.walk(tree))}
    hints = [
        hint
        for node in ast.walk(tree)
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None), *_decorators(node))
        if hint is not None
    ]
    return {places[id(inner)] for hint in hints for inner in ast.walk(hint)}


def _decorators(node: ast.AST) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, ast.ClassDef) else []


def _told(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:90]


def _changes(node: ast.AST) -> list[bool]:
    return [True for _ in _apply(copy.deepcopy(node))]


def _apply(node: ast.AST) -> Iterator:  # type: ignore[type-arg]
    """The changes of one node, each a function that makes it in place."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            yield lambda: node.ops.__setitem__(0, _COMPARISONS[type(op)]())
        case ast.BoolOp():
            yield lambda: setattr(node, "op", ast.And() if isinstance(node.op, ast.Or) else ast.Or())
            yield lambda: node.values.pop()
        case ast.BinOp() if type(node.op) in _OPERATORS:
            yield lambda: setattr(node, "op", _OPERATORS[type(node.op)]())
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda: setattr(node, "op", ast.UAdd() if isinstance(node.op, ast.USub) else _identity(node))
        case ast.Constant(value=bool()):
            yield lambda: setattr(node, "value", not node.value)
        case ast.Constant(value=int()):
            yield lambda: setattr(node, "value", node.value + 1)
        case ast.Call(func=ast.Name(id=name)) if name in _NAMES:
            yield lambda: setattr(node.func, "id", _NAMES[name])
        case ast.Call(func=ast.Name(id="sorted")):
            yield lambda: (setattr(node.func, "id", "list"), node.keywords.clear())
        case ast.IfExp():
            yield lambda: node.__dict__.update(body=node.orelse, orelse=node.body)
        case ast.If():
            yield lambda: setattr(node, "test", ast.Constant(False))
            yield lambda: setattr(node, "test", ast.Constant(True))
        case ast.comprehension(ifs=[_, *_]):
            yield lambda: node.ifs.pop()
        case ast.Return(value=ast.expr() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield lambda: setattr(node, "value", ast.Constant(None))


def _identity(node: ast.UnaryOp) -> ast.unaryop:
    """`not x` becomes `bool(x)` by saying it twice."""
    node.operand = ast.UnaryOp(ast.Not(), node.operand)
    return ast.Not()
