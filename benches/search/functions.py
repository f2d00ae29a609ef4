"""The test functions of benches/search.rs, for Optuna. All are minimized; the least value of each is 0 but where it says otherwise."""

import math

HARTMANN_ALPHA = [1.0, 1.2, 3.0, 3.2]
HARTMANN_A = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
HARTMANN_P = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
              [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]


def floats(trial, low, high, count):
    return [trial.suggest_float(f"x{place}", low, high) for place in range(count)]


def branin(trial):
    """Least value 0.397887."""
    x, y = trial.suggest_float("x0", -5, 10), trial.suggest_float("x1", 0, 15)
    return ((y - 5.1 / (4 * math.pi ** 2) * x * x + 5 / math.pi * x - 6) ** 2
            + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def hartmann6(trial):
    """Least value -3.32237."""
    x = floats(trial, 0, 1, 6)
    inner = [sum(a * (at - p * 1e-4) ** 2 for a, at, p in zip(*row)) for row in
             ((weights, x, places) for weights, places in zip(HARTMANN_A, HARTMANN_P))]
    return -sum(alpha * math.exp(-one) for alpha, one in zip(HARTMANN_ALPHA, inner))


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def rosenbrock2(trial):
    return rosenbrock(floats(trial, -5, 10, 2))


def rosenbrock4(trial):
    return rosenbrock(floats(trial, -5, 10, 4))


def ackley5(trial):
    x = floats(trial, -32.768, 32.768, 5)
    squares, waves = sum(at * at for at in x) / 5, sum(math.cos(2 * math.pi * at) for at in x) / 5
    return -20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves) + 20 + math.e


def styblinski_tang4(trial):
    """Least value -156.66466."""
    return sum(at ** 4 - 16 * at ** 2 + 5 * at for at in floats(trial, -5, 5, 4)) / 2


def levy4(trial):
    w = [1 + (at - 1) / 4 for at in floats(trial, -10, 10, 4)]
    middle = sum((at - 1) ** 2 * (1 + 10 * math.sin(math.pi * at + 1) ** 2) for at in w[:-1])
    return math.sin(math.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def michalewicz5(trial):
    """Least value -4.687658."""
    x = floats(trial, 0, math.pi, 5)
    return -sum(math.sin(at) * math.sin((place + 1) * at * at / math.pi) ** 20 for place, at in enumerate(x))


def dixon_price4(trial):
    x = floats(trial, -10, 10, 4)
    return (x[0] - 1) ** 2 + sum((place + 2) * (2 * b * b - a) ** 2 for place, (a, b) in enumerate(zip(x, x[1:])))


def mixed(trial):
    """A choice of three, a whole number and two rates: what a training's settings look like."""
    kind = ["sgd", "adam", "rmsprop"].index(trial.suggest_categorical("kind", ["sgd", "adam", "rmsprop"]))
    width = trial.suggest_int("width", 4, 512, log=True)
    rate = trial.suggest_float("rate", 1e-5, 1, log=True)
    rest = trial.suggest_float("rest", 0, 0.9)
    best_rate = [-1.0, -3.0, -3.5][kind]
    return ([0.3, 0, 0.1][kind] + (math.log10(rate) - best_rate) ** 2 + (math.log2(width) - 6) ** 2 / 8
            + 2 * (rest - 0.2) ** 2 + 0.2 * abs(math.log10(rate) - best_rate) * abs(math.log2(width) - 6))


def conditional(trial):
    """A choice that decides which further params there are."""
    if trial.suggest_categorical("architecture", ["dense", "conv"]) == "dense":
        layers, width = trial.suggest_int("layers", 1, 6), trial.suggest_int("width", 4, 512, log=True)
        loss = 0.2 + (layers - 2) ** 2 / 8 + (math.log2(width) - 7) ** 2 / 8
    else:
        kernel, channels = trial.suggest_categorical("kernel", [1, 3, 5, 7]), trial.suggest_int("channels", 2, 64)
        loss = {1: 0.5, 3: 0.0, 5: 0.1, 7: 0.3}[kernel] + ((channels - 24) / 16) ** 2
    return loss + (math.log10(trial.suggest_float("rate", 1e-5, 1e-1, log=True)) + 3) ** 2 / 2


FUNCTIONS = [branin, hartmann6, rosenbrock2, rosenbrock4, ackley5, styblinski_tang4, levy4, mixed, conditional, michalewicz5,
             dixon_price4]
