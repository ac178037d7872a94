"""The mutants of a module: cosmic-ray's operators applied to its source, one place at a time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

# Operators whose mutants ask something of the tests. Left out are replacements that cannot run or cannot matter, such
# as `a << b` for `a + b` or `is` for `==` between members of an enum: the first would flatter the score, the others
# would lower it for nothing.
OPERATORS = (
    "AddNot", "ReplaceUnaryOperator_Delete_Not", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceComparisonOperator_Eq_NotEq", "ReplaceComparisonOperator_NotEq_Eq", "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is", "ReplaceComparisonOperator_Lt_LtE", "ReplaceComparisonOperator_Lt_GtE",
    "ReplaceComparisonOperator_LtE_Lt", "ReplaceComparisonOperator_LtE_Gt", "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_Gt_LtE", "ReplaceComparisonOperator_GtE_Gt", "ReplaceComparisonOperator_GtE_Lt",
    "ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add", "ReplaceBinaryOperator_Mul_Add",
    "ReplaceBinaryOperator_Mul_Div", "ReplaceBinaryOperator_Div_Mul", "ReplaceBinaryOperator_FloorDiv_Div",
    "ReplaceBinaryOperator_Mod_Mul", "ReplaceBinaryOperator_Pow_Mul", "ReplaceBinaryOperator_BitOr_BitAnd",
    "ReplaceBinaryOperator_BitAnd_BitOr", "ReplaceUnaryOperator_USub_UAdd",
    "NumberReplacer", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop",
    "RemoveDecorator",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One changed source of one module; `line` counts from 1, `before` and `after` are that line's text."""

    path: Path
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def module(self) -> str:
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: `{self.before}` became `{self.after}`"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module that is still Python and does something else than the module."""
    source = path.read_text(encoding="utf-8")
    meaning = _meaning(source)
    seen = {meaning, None}
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = sum(len(list(operator.mutation_positions(node))) for node in ast_nodes(get_ast(source)))
        for occurrence in range(places):
            changed = mutate_code(source, operator, occurrence)
            if changed is None or (mutated := _meaning(changed)) in seen:
                continue
            seen.add(mutated)
            yield Mutant(path, name, *_difference(source, changed), changed)


def _meaning(source: str) -> str | None:
    """The source's syntax tree without annotations and slots, on which no answer depends; None if it is not Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                node.returns = None
            case ast.arg():
                node.annotation = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(None)
            case ast.Call(func=ast.Name("dataclass")):
                node.keywords = [keyword for keyword in node.keywords if keyword.arg != "slots"]
    return ast.dump(tree)


def _difference(source: str, changed: str) -> tuple[int, str, str]:
    """The number of the first line that differs, and both of its texts."""
    before, after = source.splitlines(), changed.splitlines()
    at = next(index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
    return at + 1, _tidy(before[at]), _tidy(after[at])


def _tidy(line: str) -> str:
    return re.sub(r"\s+", " ", line).strip()
