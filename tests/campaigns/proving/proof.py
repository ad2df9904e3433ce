"""A campaign from the command line: its sessions, violations made small, and with --full all there is to show."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from staging.drawing import drawn
from staging.plan import Plan

from proving.campaign import Hands, hands
from proving.full import TO_FIND, Found, Shown, killed
from proving.outcome import Outcome
from proving.protections import PROTECTIONS
from proving.report import PAGE, write
from proving.results import FOLDER, REPOSITORY, SWITCHES, Results, fingerprint
from proving.totals import figures, table
from proving.words import COMMAND, told

SHRUNK = 10  # violations that are made small; of more of them the seeds are told


def prove(asked: argparse.Namespace) -> int:
    """Its exit code: 0 where all holds."""
    results = Results(FOLDER, fingerprint())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its processes end with it
    try:
        with hands(asked.jobs or os.cpu_count() or 1) as at_work:
            return 0 if Proof(asked, at_work, results).whole() else 1
    except KeyboardInterrupt:
        print("interrupted; what was played is kept: go on with --resume", file=sys.stderr)
        return 130


class Proof:
    def __init__(self, asked: argparse.Namespace, at_work: Hands, results: Results) -> None:
        self.asked, self.at_work, self.results = asked, at_work, results
        self.seeds = range(asked.first, asked.first + asked.seeds)
        self.console = Console(stderr=True)
        self.shown = Shown.read(results.folder / f"shown-{fingerprint(SWITCHES)}.json")

    def whole(self) -> bool:
        """True: all that was asked for holds."""
        if self.asked.without:
            return self.campaign(self._played(self.seeds, self.asked.without))
        holds = self.campaign(self._played(self.seeds))
        if self.asked.full:
            holds &= self.can_fail()
            holds &= self.survives_kills()
        if self.asked.full or self.asked.report:
            write(self.outcomes, self.shown)
            self.console.print(f"written into {PAGE.relative_to(REPOSITORY)}")
        return holds

    # -- sessions ------------------------------------------------------------------------------------------------------

    def campaign(self, played: Iterable[Outcome]) -> bool:
        self.outcomes = sorted(played, key=lambda outcome: outcome.seed)
        broken = [outcome for outcome in self.outcomes if outcome.violations]
        self._tell(broken)
        if self.asked.json:
            print(json.dumps(figures(self.outcomes), indent=2))
        else:
            Console().print(table(self.outcomes))
        return not broken

    def _played(self, seeds: Sequence[int], protection: str = "") -> Iterator[Outcome]:
        """Those that are known first. Without a protection the first violation is enough."""
        known = {} if protection else self._known()
        yield from known.values()
        for outcome in self._watched([seed for seed in seeds if seed not in known], protection):
            if not protection:
                self.results.keep(outcome)
            yield outcome
            if protection and outcome.violations:
                return

    def _known(self) -> Mapping[int, Outcome]:
        if not self.asked.resume:
            return {}
        known = self.results.read()
        if not known and self.results.others():
            self.console.print("the results that are kept are of other code: starting anew", style="yellow")
        return {seed: outcome for seed, outcome in known.items() if seed in self.seeds}

    def _watched(self, seeds: Sequence[int], protection: str) -> Iterator[Outcome]:
        """With a line that tells how far it is."""
        what = f"without {protection}" if protection else "sessions"
        told = TextColumn("{task.fields[rate]:.2f}/s, violations: {task.fields[broken]}")
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), told, TimeElapsedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=self.console, disable=self.asked.json) as progress:
            task = progress.add_task("", total=len(seeds), rate=0.0, broken=0)
            broken = 0
            for done, outcome in enumerate(self.at_work.play(seeds, protection), 1):
                broken += bool(outcome.violations)
                rate = done / (progress.tasks[0].elapsed or 1.0)
                progress.update(task, advance=1, rate=rate, broken=broken)
                yield outcome

    # -- violations ----------------------------------------------------------------------------------------------------

    def _tell(self, broken: Sequence[Outcome]) -> None:
        """The first ones are made small and kept."""
        off = self.asked.without
        small = broken[:SHRUNK]
        for outcome, shrunk in zip(small, self.at_work.shrink(small, off), strict=True):
            self._print(told(outcome, shrunk, drawn(outcome.seed), off))
            if not off:
                self._print([f"  again, as small as it is: {COMMAND} --plan {self._kept(shrunk.plan)}"])
        for outcome in broken[SHRUNK:]:
            self._print(told(outcome, None, drawn(outcome.seed), off))

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            print(line, file=sys.stderr)

    def _kept(self, plan: Plan) -> str:
        file = self.results.folder / f"seed-{plan.seed}.json"
        file.write_text(json.dumps(plan.as_json(), indent=2) + "\n")
        return str(file.relative_to(REPOSITORY) if file.is_relative_to(REPOSITORY) else file)

    # -- besides -------------------------------------------------------------------------------------------------------

    def can_fail(self) -> bool:
        """Each protection off in turn must show, in so many sessions at most."""
        for name in PROTECTIONS:
            if self.asked.resume and name in self.shown.found:
                continue
            for sessions, outcome in enumerate(self._played(range(1, TO_FIND + 1), name), 1):
                if outcome.violations:
                    self.shown.found[name] = Found(outcome.seed, sessions, outcome.violations[0])
                    self.shown.keep()
        missing = [name for name in PROTECTIONS if name not in self.shown.found]
        self._print(f"without {name} nothing was found in {TO_FIND} sessions" for name in missing)
        return not missing

    def survives_kills(self) -> bool:
        if self.shown.kills is None or not self.asked.resume:
            self.console.print(f"{self.asked.kills} real kills of real processes ...")
            self.shown.kills = killed(self.asked.kills)
            self.shown.keep()
        return not self.shown.kills["violations"]
