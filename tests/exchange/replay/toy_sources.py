"""Small sources of quotes on disk, to damage one thing of."""

import zipfile
from pathlib import Path

HEADER = "time,symbol,expiry,strike,right,bid,ask,bid_size,ask_size,last"
SHARES = "{},GOOG,,,,{},{},100,200,"
CALL = "{},GOOG,2016-01-15,750,C,{},{},10,20,"


def utc(clock: str, day: str = "2015-12-24") -> str:
    return f"{day}T{clock}Z"


def csv(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def lean(folder: Path, day: str = "20151224", symbol: str = "goog", shares: str | None = None, **members: str) -> Path:
    """A LEAN folder; an option's member is named by its right, strike and expiry: `call_7500000_20160115`."""
    quotes = f"{day}_{symbol}_minute_quote"
    default = "34200000,7480000,7490000,7470000,7485000,1,7500000,7500000,7490000,7495000,2\n"
    archive(
        folder / f"equity/usa/minute/{symbol}/{day}_quote.zip", {f"{quotes}.csv": default if shares is None else shares}
    )
    if members:
        named = {f"{quotes}_american_{name}.csv": text for name, text in members.items()}
        archive(folder / f"option/usa/minute/{symbol}/{day}_quote_american.zip", named)
    return folder


def bar(ms: int, bid: int | str, ask: int | str) -> str:
    return f"{ms},1,1,1,{bid},5,1,1,1,{ask},6\n"


def archive(path: Path, members: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, text in members.items():
            zipped.writestr(name, text)
    return path
