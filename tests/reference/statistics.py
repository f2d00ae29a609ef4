"""Reference values for the unit tests of src/statistics (pip install numpy scipy statsmodels pandas)."""
import math

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import gammaln
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower


def show(name, *values):
    print(name, *[repr(float(value)) for value in values])


for t, freedom in [(2, 3), (0.5, 1), (12.5, 7), (1.96, 1000), (3.3, 4.7)]:
    show(f"T({t}, {freedom})", 2 * stats.t.sf(t, freedom))
for freedom in [1, 2, 9, 120]:
    show(f"T_CRITICAL({freedom})", stats.t.ppf(0.975, freedom))
for f, between, within in [(3.5, 2, 12), (0.8, 6, 28), (250, 1, 5)]:
    show(f"F({f}, {between}, {within})", stats.f.sf(f, between, within))
c1, c2, c9 = stats.t.ppf(0.975, [1, 2, 9])
for t, freedom, shift in [(c1, 1, 1.5), (c2, 2, 0.3), (c9, 9, 2.5), (1.98, 120, 2.8), (1.96, 5000, 2.8)]:
    show(f"NCT({t}, {freedom}, {shift})", stats.nct.sf(t, freedom, shift) + stats.nct.cdf(-t, freedom, shift))

x = [1, 2, 4]
show("INTERVAL", *stats.t.interval(0.95, 2, np.mean(x), stats.sem(x)))
print("HOLM", multipletests([0.02, 0.001, 0.04, 0.03, 0.6], method="holm")[1].tolist())

pair, group = TTestPower(), TTestIndPower()
for effect, n in [(1.5, 3), (0.5, 10), (0.2, 200)]:
    show(f"POWER({effect}, {n})", pair.power(effect, n, 0.05), group.power(effect, n, 0.05))
for effect in [0.1, 0.5, 1.0, 2.5]:
    show(f"NEEDED({effect})", math.ceil(pair.solve_power(effect, None, 0.05, 0.8)), math.ceil(group.solve_power(effect, None, 0.05, 0.8)))


def hedges(freedom):
    return np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)


baseline = np.array([0.0121, 0.0118, 0.0131, 0.0127, 0.0119])
variant = np.array([0.0112, 0.0115, 0.0119, 0.0121, 0.0113])
test = stats.ttest_rel(variant, baseline)
difference = variant - baseline
effect = difference.mean() / difference.std(ddof=1) * hedges(4)
show("PAIRED", difference.mean(), test.statistic, test.pvalue, *test.confidence_interval(), effect)
print("PAIRED_NEEDED", math.ceil(pair.solve_power(abs(effect), None, 0.05, 0.8)))
few = variant[:4]
test = stats.ttest_ind(few, baseline, equal_var=False)
pooled = np.sqrt((4 * baseline.var(ddof=1) + 3 * few.var(ddof=1)) / 7)
effect = (few.mean() - baseline.mean()) / pooled * hedges(7)
show("WELCH", few.mean() - baseline.mean(), test.statistic, test.df, test.pvalue, *test.confidence_interval(), effect)
print("WELCH_NEEDED", math.ceil(group.solve_power(abs(effect), None, 0.05, 0.8)))

up = lambda one, other: np.mean(other) - np.mean(one)
show("SAME_2", stats.permutation_test((np.full(2, 0.2),), np.mean, permutation_type="samples").pvalue)
show("SAME_6", stats.permutation_test((np.full(6, 0.003),), np.mean, permutation_type="samples").pvalue)
show("SAME_2_3", stats.permutation_test((np.full(2, 2.0), np.full(3, 3.0)), up).pvalue)
show("SAME_4_4", stats.permutation_test((np.full(4, 2.0), np.full(4, 3.0)), up).pvalue)


def value(a, b, c, repeat):
    """A made-up response with main effects, an interaction and noise."""
    return 0.5 * a + 0.3 * b * b - 0.2 * a * b + 0.05 * c + ((a * 31 + b * 17 + c * 7 + repeat * 53) % 23) / 23


def table(name, rows, formula):
    data = pd.DataFrame(rows, columns=["a", "b", "c", "y"])
    result = anova_lm(ols(formula, data).fit(), typ=2)
    print(name)
    for term, row in result.iterrows():
        print("   ", term, int(row["df"]), *[repr(float(row[key])) for key in ["sum_sq", "F", "PR(>F)"]])


cells = [(a, b) for a in range(2) for b in range(3)]
balanced = [(a, b, 0, value(a, b, 0, repeat)) for a, b in cells for repeat in range(3)]
table("BALANCED", balanced, "y ~ C(a) * C(b)")
unbalanced = [row for index, row in enumerate(balanced) if index not in (0, 1, 7, 12)]
table("UNBALANCED", unbalanced, "y ~ C(a) * C(b)")
three = [(a, b, c, value(a, b, c, repeat)) for a, b in cells for c in range(2) for repeat in range(2)]
three = [row for index, row in enumerate(three) if index not in (3, 10, 11)]
table("THREE", three, "y ~ (C(a) + C(b) + C(c)) ** 2")
single = [(a, b, 0, value(a, b, 0, 0)) for a, b in cells]
table("ONE_REPEAT", single, "y ~ C(a) + C(b)")

corners = [(a, b, c, a * b * c) for a in range(2) for b in range(2) for c in range(2)]
table("CORNERS", corners, "y ~ C(a) + C(b) + C(c)")

values = [9.1, 9.3, 8.0, 8.4, 4.2, 4.1, 2.9, 3.3, 5.0, 5.3, 4.6, 4.1]
nested = pd.DataFrame({"a": [0] * 4 + [1] * 8, "k": [0] * 4 + [1] * 4 + [2] * 4, "s": [0, 0, 1, 1] * 3, "y": values})
left = lambda formula: ols("y ~ " + formula, nested).fit().ssr
show("NESTED_A", left("C(s)") - left("C(s) + C(a)"))
show("NESTED_K", left("C(s) * C(a)") - left("C(s) * C(a) + C(k)"))
show("NESTED_S", left("C(k)") - left("C(k) + C(s)"))
show("NESTED_AS", left("C(s) + C(k)") - left("C(s) + C(k) + C(s):C(a)"))
show("NESTED_KS", left("C(s) + C(k) + C(s):C(a)") - left("C(s) * C(k)"))

points = [("dense", 2, [0.050, 0.052, 0.047]), ("dense", 8, [0.031, 0.033]), ("dense", 32, [0.030, 0.034, 0.031])]
points += [("conv", 2, [0.047, 0.048, 0.049]), ("conv", 8, [0.021, 0.022, 0.026]), ("conv", 32, [0.015, 0.019])]
runs = pd.DataFrame([(a, b, y) for a, b, values in points for y in values], columns=["a", "b", "y"])
result = anova_lm(ols("y ~ C(a) * C(b)", runs).fit(), typ=2)
total = ((runs.y - runs.y.mean()) ** 2).sum()
for term, row in result.iterrows():
    show(f"SHARE {term}", row["sum_sq"] / total, row["PR(>F)"])

# Draws whose seeds are averaged and whose numbers are cut into three ranges of eight points.
drawn = [(i, i * 37 % 101, i * 53 % 97, i * i % 7 < 3) for i in range(24)]
drawn = pd.DataFrame([(rate, other, kind, rate / 101 + (i * 31 % 19) / 40 + (i * 7 + seed * 5) % 11 / 110)
                      for i, rate, other, kind in drawn for seed in range(3)], columns=["rate", "other", "kind", "y"])
points = drawn.groupby(["rate", "other", "kind"], as_index=False).y.mean()
points["rate"], points["other"] = pd.qcut(points.rate, 3, labels=False), pd.qcut(points.other, 3, labels=False)
result = anova_lm(ols("y ~ C(kind) + C(other) + C(rate)", points).fit(), typ=2)
total = ((points.y - points.y.mean()) ** 2).sum()
for term, row in result.iterrows():
    show(f"DRAWN {term}", row["sum_sq"] / total, row["PR(>F)"])

branches = [("dense", 0, [0.50, 0.52]), ("conv", 3, [0.21, 0.22]), ("conv", 5, [0.18, 0.17])]
branches += [("residual", 3, [0.25, 0.24]), ("residual", 5, [0.22, 0.23])]
nested = pd.DataFrame([(b, k, y) for b, k, values in branches for y in values], columns=["b", "k", "y"])
steps = [left(formula) for formula in ["1", "C(b)", "C(b) + C(k)", "C(b) * C(k)"]]
show("BRANCHES", *[(before - after) / steps[0] for before, after in zip(steps, steps[1:])])
together = [(2, [0.50, 0.58, 0.52]), (4, [0.41, 0.37, 0.44]), (16, [0.22, 0.30, 0.27]), (32, [0.25, 0.18, 0.21])]
together = pd.DataFrame([(size, y) for size, values in together for y in values], columns=["size", "y"])
result = anova_lm(ols("y ~ C(size)", together).fit(), typ=2)
show("TOGETHER", result.sum_sq.iloc[0] / result.sum_sq.sum(), result["PR(>F)"].iloc[0])
