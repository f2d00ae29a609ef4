"""Optuna's TPE on the test functions: one JSON line a search, with the best value found.

    python benches/search/optuna_tpe.py [--trials 100] [--first 0] [--seeds 20] [FUNCTION ...]
"""

import argparse
import json
import multiprocessing

import optuna

from functions import FUNCTIONS

# Since its version 5 Optuna's default is the multivariate sampler if there is one objective.
SAMPLERS = {"independent": False, "multivariate": True}


def best(work):
    function, sampler, seed, trials = work
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # `group`, which Optuna calls experimental, lets the multivariate sampler model params that are not always there.
    options = dict(multivariate=SAMPLERS[sampler], group=SAMPLERS[sampler] and function.__name__ == "conditional")
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **options))
    study.optimize(function, n_trials=trials)
    return dict(function=function.__name__, sampler=sampler, seed=seed, best=study.best_value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("functions", nargs="*")
    asked = parser.parse_args()
    work = [(function, sampler, seed, asked.trials) for function in FUNCTIONS for sampler in SAMPLERS
            for seed in range(asked.first, asked.first + asked.seeds)
            if not asked.functions or function.__name__ in asked.functions]
    with multiprocessing.Pool() as pool:
        for found in pool.imap(best, work):
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
