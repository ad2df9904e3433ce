"""`uv run main.py`: hands the config loader to the command line, and nothing else."""

from config import load_config
from gamma_scalper import cli

if __name__ == "__main__":
    cli.main(load_config)
