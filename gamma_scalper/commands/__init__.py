"""What a person can ask of the program, a file for each thing; `cli.py` names them."""
