import sys
from pathlib import Path

# `exact` serves these tests and the benchmarks, whichever way they are started.
sys.path.insert(0, str(Path(__file__).parent))
