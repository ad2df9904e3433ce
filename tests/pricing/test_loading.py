"""What is imported when, and what is compiled when: nobody waits for what they don't use, nor runs stale code."""

import shutil
import subprocess
import sys
from pathlib import Path

import numba
import numba.core.caching
import pytest

from gamma_scalper import pricing
from gamma_scalper.pricing.analytic import below
from gamma_scalper.pricing.compiled import KERNELS, compiled
from gamma_scalper.pricing.warm_up import WarmUp

PACKAGE = Path(pricing.__file__).parent


def run(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parents[1], capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "NUMBA_DISABLE_JIT": "0", **environment},
    )  # fmt: skip
    return ran.stdout.strip()


def test_naming_the_package_loads_no_model_and_naming_a_model_loads_it_alone():
    told = run("""
import sys
def loaded(): print([name for name in ("numba", "QuantLib", "numpy") if name in sys.modules])
import gamma_scalper.pricing
loaded()
from gamma_scalper.pricing import Lattice
loaded()
from gamma_scalper.pricing import QuantLibCRR
loaded()
""")
    assert told.splitlines() == ["[]", "['numba', 'numpy']", "['numba', 'QuantLib', 'numpy']"]


def test_every_public_name_is_there_and_no_other():
    assert all(getattr(pricing, name) is not None for name in pricing.__all__)
    with pytest.raises(AttributeError, match=r"gamma_scalper\.pricing has no Oracle"):
        _ = pricing.Oracle


def test_every_module_with_compiled_functions_is_known_to_make_the_others_stale():
    users = {path.stem for path in PACKAGE.glob("*.py") if "@compiled" in path.read_text()}
    assert users == set(KERNELS)


def test_compiled_code_of_other_rooms_keeps_to_one_file():
    """Its own file and the kernels here are all that makes it stale."""
    others = [
        path for path in PACKAGE.parent.rglob("*.py") if "@compiled" in path.read_text() and path.parent != PACKAGE
    ]
    assert [path.name for path in others] == ["quote_kernel.py"]


def test_machine_code_is_kept_until_any_kernel_changes(tmp_path):
    shutil.copytree(PACKAGE.parent, tmp_path / "gamma_scalper", ignore=shutil.ignore_patterns("__pycache__"))
    told = run(f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from gamma_scalper.pricing.analytic import below
from gamma_scalper.pricing.compiled import compiled
def next_process():
    found = compiled(below.py_func)
    print(found(0.0), sum(found.stats.cache_hits.values()))
next_process()
next_process()
with open({str(tmp_path / "gamma_scalper" / "pricing" / "lattice_tree.py")!r}, "a") as kernel:
    kernel.write("# changed")
next_process()
next_process()
""")
    assert told.splitlines() == ["0.5 0", "0.5 1"] * 2


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_kept_code_that_was_damaged_is_made_anew(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def next_process() -> tuple[float, int]:
        found = compiled(below.py_func)
        return found(0.0), sum(found.stats.cache_hits.values())

    assert [next_process(), next_process()] == [(0.5, 0), (0.5, 1)]
    damaged = list(tmp_path.rglob(f"analytic.below*.{kind}"))
    for kept in damaged:
        kept.write_bytes(kept.read_bytes()[:20] if kind == "nbc" else b"")
    assert damaged
    assert [next_process(), next_process()] == [(0.5, 0), (0.5, 1)]


def test_where_nothing_can_be_written_it_is_compiled_for_the_process_alone(monkeypatch):
    def unwritable(self: object) -> None:
        raise OSError

    monkeypatch.setattr(numba.core.caching._CacheLocator, "ensure_cache_path", unwritable)
    found = compiled(below.py_func)
    assert found(0.0) == 0.5
    assert not found.stats.cache_path


def test_the_warm_up_says_compiling_only_when_machine_code_is_made(tmp_path):
    """In a copy of the package with all its machine code but one function's."""
    assert WarmUp().wait() == "ready"
    shutil.copytree(PACKAGE.parent, tmp_path / "gamma_scalper")
    for kept in (tmp_path / "gamma_scalper" / "pricing" / "__pycache__").glob("analytic.european_price*"):
        kept.unlink()
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from gamma_scalper.pricing.warm_up import WarmUp
warm_up = WarmUp()
seen = set()
while warm_up.wait(0.01) not in ("ready", "failed"):
    seen.add(warm_up.state)
print(warm_up.state, sorted(seen))
"""
    assert run(code) == "ready ['compiling', 'loading']"
    assert run(code) == "ready ['loading']"


def test_a_warm_up_that_fails_says_so():
    code = """
import sys
sys.modules["gamma_scalper.pricing.lattice"] = None
from gamma_scalper.pricing.warm_up import WarmUp
print(WarmUp().wait())
"""
    assert run(code) == "failed"
