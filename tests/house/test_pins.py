"""The environment is the one that was tested: every package in it is pinned, and at its pin."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
# What installs packages is the machine's, not ours.
INSTALLERS = {"pip", "uv", "setuptools", "wheel"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


PINS = {
    normal(name): version
    for name, version in (pin.split("==") for pin in PROJECT["tool"]["uv"]["constraint-dependencies"])
}


def unpinned(installed: dict[str, str]) -> dict[str, str]:
    """Installed packages that have no pin or differ from it."""
    return {
        name: version
        for name, version in installed.items()
        if normal(name) not in INSTALLERS and PINS.get(normal(name)) != version
    }


def test_every_installed_package_is_pinned_at_its_version():
    installed = {found.metadata["Name"]: found.version for found in metadata.distributions()}
    assert unpinned(installed) == {}, "add these to constraint-dependencies in pyproject.toml (docs/dependencies.md)"


def test_a_package_without_a_pin_or_at_another_version_is_found():
    assert unpinned({"left-pad": "1.0", "attrs": "0.0.1", "Attrs": PINS["attrs"]}) == {
        "left-pad": "1.0",
        "attrs": "0.0.1",
    }


def test_every_direct_dependency_is_pinned_and_has_its_reason():
    direct = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    names = {normal(re.split(r"[>=<\[ ]", dependency)[0]) for dependency in direct}
    assert names <= set(PINS)
    reasons = (REPOSITORY / "docs" / "dependencies.md").read_text()
    explained = {normal(name) for name in re.findall(r"^\| `([^`]+)` \|", reasons, flags=re.MULTILINE)}
    assert explained == names


def test_no_lock_file_is_tracked():
    assert "uv.lock" in (REPOSITORY / ".gitignore").read_text().split()
