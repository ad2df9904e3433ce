"""Whole sessions with everything going wrong: play them, check them, and make a failing one small.

A seed is a session: 30 minutes of a market, one or two books, and a schedule of faults, all drawn from the seed, so
that the same seed is the same session, to the byte. A violation is printed with the smallest schedule that shows it.
Results are kept in state/campaign/, by the state of the code they belong to.

    uv run python tests/campaigns/run.py --seeds 200                    play seeds 1 to 200
    uv run python tests/campaigns/run.py --seeds 10000 --resume         go on where it was interrupted
    uv run python tests/campaigns/run.py --replay 17 --only 0,2         one session, with the program's log
    uv run python tests/campaigns/run.py --seeds 200 --without execid   must find a violation
    uv run python tests/campaigns/run.py --seeds 10000 --full           the whole proof, and its report
"""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]


def main() -> int:
    # The project is not installed; this lets the script run from anywhere, its processes too.
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests" / "scenarios"), str(HERE)]
    asked = _arguments()
    if asked.replay is None and asked.plan is None:
        from proving.proof import prove

        return prove(asked)
    from proving.replay import Unplayable, replayed

    try:
        return 1 if replayed(asked) else 0
    except Unplayable as mistake:
        _refuse(str(mistake))


def _arguments() -> argparse.Namespace:
    from proving.protections import PROTECTIONS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.error = _refuse
    parser.add_argument("--seeds", type=_natural, default=100, metavar="N", help="how many sessions (100)")
    parser.add_argument("--from", type=_natural, default=1, dest="first", metavar="S", help="the first seed (1)")
    parser.add_argument("--resume", action="store_true", help="sessions this code has played are not played again")
    parser.add_argument("--full", action="store_true", help="also each protection off, real kills, and the report")
    parser.add_argument("--kills", type=_natural, default=100, metavar="N", help="of --full: how many real kills (100)")
    parser.add_argument("--jobs", type=_natural, default=0, help="processes (as many as cores)")
    parser.add_argument("--json", action="store_true", help="print JSON, no table and no progress")
    parser.add_argument("--report", action="store_true", help="write what came of it into docs/reliability.md")
    parser.add_argument("--replay", type=_natural, metavar="SEED", help="play one session, with the program's log")
    parser.add_argument("--only", type=_numbers, metavar="0,2", help="of a replay: these of its troubles, or none")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="play the plan in this file, with the program's log")
    parser.add_argument("--without", choices=sorted(PROTECTIONS), default="", help="one protection switched off")
    return parser.parse_args()


def _refuse(message: str) -> NoReturn:
    print(f"{message}; --help tells what there is", file=sys.stderr)
    sys.exit(2)


def _natural(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; allowed: 1, 2, 3 ...")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    if not all(each.isdecimal() for each in text.split(",")):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed; allowed: numbers from 0 with commas between, or none"
        )
    return tuple(int(each) for each in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
