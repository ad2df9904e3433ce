"""What all pages share: their frame, and how a template is filled. Whatever it is given is escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent


def filled_template(folder: Path, name: str, **content: object) -> str:
    """A template of that folder, which extends `page_shell.html.j2`."""
    environment = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tone"] = tone
    return environment.get_template(name).render(content)


def tone(amount: str) -> str:
    """The class of an amount with a sign."""
    nothing = not amount.strip("+-$0.")
    return "" if nothing else " good" if amount.startswith("+$") else " bad" if amount.startswith("-$") else ""
