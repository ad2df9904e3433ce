"""The journal, gone over by somebody who believes none of it: links, sequences, sums. Pure functions over rows."""
