"""Searches on test functions here and with Optuna's TPE: the median of the best values after so many trials.

    python benches/search/compare.py [--trials 100] [--first 0] [--seeds 20] [FUNCTION ...]

Needs `benches/search/requirements.txt`. Exits with 1 unless this program's TPE is at
least as good as Optuna's on each of the four standard functions.
"""

import collections
import json
import pathlib
import statistics
import subprocess
import sys

from functions import FUNCTIONS

HERE = pathlib.Path(__file__).parent
OWN = ["cargo", "bench", "--quiet", "--bench", "search", "--"]
PEER = [sys.executable, HERE / "optuna_tpe.py"]
STANDARD = {"branin", "hartmann6", "rosenbrock2", "rosenbrock4"}
SAMPLERS = ["random", "independent", "multivariate", "pipeline"]


def main():
    found = collections.defaultdict(list)
    for command in (OWN, [*OWN, "--random"], PEER):
        done = subprocess.run([*command, *sys.argv[1:]], cwd=HERE.parent.parent, stdout=subprocess.PIPE, text=True, check=True)
        for line in done.stdout.splitlines():
            one = json.loads(line)
            found[one["function"], one["sampler"]].append(one["best"])
    print("| function | random | Optuna, each param alone | Optuna, multivariate | `pipeline` |\n|---|---|---|---|---|")
    behind = []
    for name in (function.__name__ for function in FUNCTIONS):
        if (name, "pipeline") not in found:
            continue
        medians = [statistics.median(found[name, sampler]) for sampler in SAMPLERS]
        print(f"| {name} | " + " | ".join(f"**{one:.4g}**" if one == min(medians) else f"{one:.4g}" for one in medians) + " |")
        if name in STANDARD and medians[-1] > min(medians):
            behind.append(name)
    if behind:
        sys.exit(f"behind on {', '.join(behind)}")


if __name__ == "__main__":
    main()
