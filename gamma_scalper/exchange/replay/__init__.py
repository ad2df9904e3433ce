"""Markets made of recorded quotes: readers of files, the tape they give, and the markets that play it back."""

from gamma_scalper.exchange.replay.csv_file import read_csv
from gamma_scalper.exchange.replay.hours import TradingHours, trading_hours
from gamma_scalper.exchange.replay.lean import read_lean
from gamma_scalper.exchange.replay.parquet_file import read_parquet
from gamma_scalper.exchange.replay.pushed import Pushed
from gamma_scalper.exchange.replay.recorder import Recorder
from gamma_scalper.exchange.replay.recording import Recording, read_rec, read_recording
from gamma_scalper.exchange.replay.replayed import Replayed
from gamma_scalper.exchange.replay.tape import Account, Columns, OpenInterest, Tape, TradingDay

__all__ = [
    "Account",
    "Columns",
    "OpenInterest",
    "Pushed",
    "Recorder",
    "Recording",
    "Replayed",
    "Tape",
    "TradingDay",
    "TradingHours",
    "read_csv",
    "read_lean",
    "read_parquet",
    "read_rec",
    "read_recording",
    "trading_hours",
]
