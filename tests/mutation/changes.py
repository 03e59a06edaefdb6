"""Pure: the small changes of a module that a test has to notice, made by the operators of cosmic-ray."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

# One operator for each kind of slip: what others make (`<` to `!=`, `+` to `%`) the same tests notice.
OPERATORS = re.compile(
    r"""core/(
    ReplaceComparisonOperator_(Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt|Eq_NotEq|NotEq_Eq|Is_IsNot|IsNot_Is)
    |ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_Div|Div_Mul|FloorDiv_Mul|Mod_Mul|Pow_Mul)
    |ReplaceBinaryOperator_(RShift_LShift|LShift_RShift|BitOr_BitAnd|BitAnd_BitOr)
    |ReplaceUnaryOperator_(USub_UAdd|Delete_Invert|Delete_Not)
    |AddNot|ReplaceTrueWithFalse|ReplaceFalseWithTrue|ReplaceAndWithOr|ReplaceOrWithAnd
    |ReplaceBreakWithContinue|ReplaceContinueWithBreak|ZeroIterationForLoop
    |ExceptionReplacer|NumberReplacer|RemoveDecorator
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Change:
    """One change of a module. It has no line number, so that it is the same one after edits elsewhere."""

    where: str  # the function or class, with those around it; "" for the module itself
    was: str  # the lines that differ
    now: str

    def __str__(self) -> str:
        return f"in {self.where or 'the module'}:\n  - {self.was}\n  + {self.now}"


def changes(source: str) -> Iterator[tuple[Change, str]]:
    """Every change of a module's text that has another meaning, with the changed text."""
    lines = source.splitlines(keepends=True)
    for statement in ast.parse(source).body:  # one by one, since parsing all of it each time takes long
        first, last = extent(statement)
        part = "".join(lines[first - 1 : last])
        for text in changed(part):
            yield change(part, text), "".join([*lines[: first - 1], text, *lines[last:]])


def changed(part: str) -> Iterator[str]:
    """The text of a statement with each of its changes."""
    plain, nodes = meaning(part), list(ast_nodes(get_ast(part)))
    for name in filter(OPERATORS.fullmatch, plugins.operator_names()):
        operator = plugins.get_operator(name)()
        for occurrence in range(sum(1 for node in nodes for _ in operator.mutation_positions(node))):
            try:
                text = mutate_code(part, operator, occurrence)
                same = meaning(text) == plain
            except SyntaxError:  # the `*` of a signature is no product
                continue
            except AttributeError:  # of cosmic-ray, where an exception is caught by a name with a dot
                continue
            if not same:
                yield text


def extent(statement: ast.stmt) -> tuple[int, int]:
    """The first and the last line of a statement, decorators included."""
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(d.lineno for d in decorators)]), statement.end_lineno or statement.lineno


def change(part: str, text: str) -> Change:
    """What differs between a statement's text and the changed one."""
    old, new = part.splitlines(), text.splitlines()
    places = [p for p in difflib.SequenceMatcher(None, old, new, False).get_opcodes() if p[0] != "equal"]
    was = filter(None, [line.strip() for _, i, j, _, _ in places for line in old[i:j]])
    now = filter(None, [line.strip() for _, _, _, i, j in places for line in new[i:j]])
    return Change(definition(part, places[0][1] + 1), "\n".join(was), "\n".join(now))


def definition(part: str, line: int) -> str:
    """The innermost function or class around a line of a statement, with those around it, joined by dots."""
    names = []
    for node in ast.walk(ast.parse(part)):  # outer ones come first
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first, last = extent(node)
            if first <= line <= last:
                names.append(node.name)
    return ".".join(names)


class _Bare(ast.NodeTransformer):
    """Takes out of a tree what makes no difference when the code runs: annotations, and `strict` of zip.

    The latter raises only where something else is wrong.
    """

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.annotation = ast.Constant(None)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        return ast.keyword("strict", ast.Constant(None)) if node.arg == "strict" else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        return node


def meaning(source: str) -> str:
    """The tree of a text, as a string, without what makes no difference: equal for texts that do the same."""
    return ast.dump(_Bare().visit(ast.parse(source)))
