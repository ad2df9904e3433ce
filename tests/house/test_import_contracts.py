"""Who may import whom is enforced: the house keeps its contracts, and a tree that breaks one fails the build."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
ROOMS = sorted(path.parent.name for path in (REPOSITORY / "gamma_scalper").glob("*/__init__.py"))

# contract -> a module that breaks it and what it imports
VIOLATIONS = {
    "domain imports nothing of ours": ("domain.quotes", "gamma_scalper.kernel.clock"),
    "kernel imports nothing of ours": ("kernel.channel", "gamma_scalper.domain.quotes"),
    "pricing imports domain only": ("pricing.lattice", "gamma_scalper.kernel.clock"),
    "risk imports domain only": ("risk.guards", "gamma_scalper.portfolio.desk"),
    "portfolio imports domain only": ("portfolio.desk", "gamma_scalper.risk.guards"),
    "strategies imports domain and pricing only": ("strategies.base", "gamma_scalper.portfolio.desk"),
    "pipeline imports domain, kernel, pricing, risk, portfolio and strategies only": (
        "pipeline.book",
        "gamma_scalper.broker.simulated",
    ),
    "broker imports domain, kernel and exchange only": ("broker.simulated", "gamma_scalper.portfolio.desk"),
    "exchange imports domain, kernel and pricing only": ("exchange.engine", "gamma_scalper.gateway.codec"),
    "gateway imports domain, kernel and exchange only": ("gateway.codec", "gamma_scalper.broker.ib.client"),
    "journal imports domain and kernel only": ("journal.store", "gamma_scalper.portfolio.desk"),
    "audit imports domain, portfolio and journal only": ("audit.links", "gamma_scalper.reports"),
    "reports imports domain, portfolio, journal and audit only": ("reports.metrics", "gamma_scalper.system"),
    "dashboard imports domain, portfolio, journal and audit only": ("dashboard.page", "gamma_scalper.pipeline.book"),
    "strategies know pricing by its protocol alone": ("strategies.base", "gamma_scalper.pricing.lattice"),
    "only broker.simulated imports the exchange": ("broker.ib.client", "gamma_scalper.exchange.engine"),
    "pricing, risk, portfolio and strategies are pure": ("risk.guards", "asyncio"),
    "logs imports domain and kernel only": ("logs", "gamma_scalper.system"),
    "nothing imports the command line": ("system", "gamma_scalper.cli"),
    "domain does no input or output": ("domain.quotes", "asyncio"),
    "only broker.ib names ib_insync": ("broker.simulated", "ib_insync"),
    "only pricing.quantlib_crr names QuantLib": ("pricing.lattice", "QuantLib"),
    "only domain.sessions names exchange_calendars": ("domain.fees", "exchange_calendars"),
    "the package imports no top-level file": ("system", "config"),
    "the four stages never import one another": ("pipeline.delta_engine", "gamma_scalper.pipeline.trading_strategy"),
}
ALLOWED = [
    ("strategies.base", "gamma_scalper.pricing.model"),
    ("broker.simulated", "gamma_scalper.exchange.engine"),
    ("broker.ib.client", "ib_insync"),
    ("pricing.quantlib_crr", "QuantLib"),
    ("domain.sessions", "exchange_calendars"),
    ("pipeline.delta_engine", "gamma_scalper.pipeline.messages"),
    ("pipeline.book", "gamma_scalper.pipeline.delta_engine"),
    ("system", "gamma_scalper.broker.ib.client"),
]


def toy_house(root: Path, imports: list[tuple[str, str]]) -> Path:
    """A tree with the house's rooms and rules, in which `imports` are all that is written."""
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    for room in ROOMS:
        (root / "gamma_scalper" / room).mkdir(parents=True)
    modules = OUTERMOST | {"logs"}
    modules |= {name.removeprefix("gamma_scalper.") for pair in imports for name in pair if "." in name}
    for module in modules:
        (root / "gamma_scalper" / f"{module.replace('.', '/')}.py").parent.mkdir(parents=True, exist_ok=True)
        (root / "gamma_scalper" / f"{module.replace('.', '/')}.py").touch()
    for folder in [root / "gamma_scalper", *(root / "gamma_scalper").glob("**/")]:
        (folder / "__init__.py").touch()
    for module, imported in imports:
        with (root / "gamma_scalper" / f"{module.replace('.', '/')}.py").open("a") as file:
            file.write(f"import {imported}\n")
    return root


def verdicts(root: Path) -> tuple[int, dict[str, str]]:
    ran = subprocess.run([LINT_IMPORTS, "--no-cache"], cwd=root, capture_output=True, text=True)
    return ran.returncode, dict(re.findall(r"^(.+?) (KEPT|BROKEN)", ran.stdout, flags=re.MULTILINE))


def test_the_house_keeps_its_contracts():
    code, found = verdicts(REPOSITORY)
    assert (code, set(found.values())) == (0, {"KEPT"})


def test_a_tree_that_breaks_the_contracts_fails_the_build(tmp_path):
    code, found = verdicts(toy_house(tmp_path, list(VIOLATIONS.values())))
    assert code == 1
    assert found == dict.fromkeys(VIOLATIONS, "BROKEN")


def test_what_the_design_allows_passes(tmp_path):
    code, found = verdicts(toy_house(tmp_path, ALLOWED))
    assert (code, set(found.values())) == (0, {"KEPT"})


def test_every_contract_has_its_violation():
    assert {contract["name"] for contract in CONTRACTS} == set(VIOLATIONS)


# What each room and module imports of ours; the contracts must forbid all the rest, or something new belongs to nobody.
ALLOWED_IMPORTS = {
    "domain": "", "kernel": "", "logs": "domain kernel",
    "pricing": "domain", "risk": "domain", "portfolio": "domain", "strategies": "domain pricing",
    "pipeline": "domain kernel pricing risk portfolio strategies",
    "broker": "domain kernel exchange", "exchange": "domain kernel pricing", "gateway": "domain kernel exchange",
    "journal": "domain kernel", "audit": "domain portfolio journal", "reports": "domain portfolio journal audit",
    "dashboard": "domain portfolio journal audit",
}  # fmt: skip
OUTERMOST = {
    "system",
    "cli",
    "commands",
    "market_access",
    "paper_account",
    "scalping",
    "compiled_code",
    "trading",
    "recovery",
    "backtest",
    "residents",
}


def test_every_room_and_module_has_its_place_in_the_contracts():
    package = REPOSITORY / "gamma_scalper"
    on_disk = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert on_disk - {"__init__"} == set(ALLOWED_IMPORTS) | OUTERMOST


@pytest.mark.parametrize("room", ALLOWED_IMPORTS)
def test_what_a_room_may_not_import_is_forbidden_to_it(room):
    forbidden = {
        module.removeprefix("gamma_scalper.")
        for contract in CONTRACTS
        if contract.get("source_modules") == [f"gamma_scalper.{room}"] and "ignore_imports" not in contract
        for module in contract["forbidden_modules"]
        if module.startswith("gamma_scalper.")
    }
    assert forbidden == (set(ALLOWED_IMPORTS) | OUTERMOST) - set(ALLOWED_IMPORTS[room].split()) - {room}


def test_the_package_itself_is_empty():
    assert "import" not in (REPOSITORY / "gamma_scalper" / "__init__.py").read_text()
