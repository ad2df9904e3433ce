"""Only the permit approves: nobody else in the package makes an `Approved`, under whatever name."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "gamma_scalper"
PERMIT = PACKAGE / "risk" / "permit.py"
DECLARED = PACKAGE / "domain" / "proposals.py"


def names_of_approved(tree: ast.AST) -> set[str]:
    """What a module calls the class: its own name, or another it was imported as."""
    found = {"Approved"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.name == "Approved" and alias.asname}
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in found:
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def makes_approved(source: str) -> bool:
    tree = ast.parse(source)
    names = names_of_approved(tree)
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(
        (isinstance(function, ast.Name) and function.id in names)
        or (isinstance(function, ast.Attribute) and function.attr == "Approved")
        for function in called
    )


def test_only_the_permit_makes_an_approval():
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
    assert [path for path, source in sources.items() if "Approved" in source and makes_approved(source)] == [PERMIT]
    assert "class Approved" in DECLARED.read_text(encoding="utf-8")


def test_the_scan_sees_other_names_for_it():
    assert makes_approved("from gamma_scalper.domain.proposals import Approved as Yes\nYes(plan=1)\n")
    assert makes_approved("from gamma_scalper.domain import proposals\nproposals.Approved(plan=1)\n")
    assert makes_approved("from gamma_scalper.domain.proposals import Approved\nA = Approved\nA(plan=1)\n")
    assert not makes_approved("from gamma_scalper.domain.proposals import Approved\nisinstance(x, Approved)\n")
