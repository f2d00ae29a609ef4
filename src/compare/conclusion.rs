//! The sentences that close a comparison.

use std::collections::BTreeSet;

use crate::compare::words::{self, p_value};
use crate::compare::{Comparison, Variant, against, best, better, each_against};
use crate::merit::{self, Better};
use crate::statistics::{Design, Difference, Evidence, Interval, MOST_REPEATS};
use crate::text;

/// Which variant is best by a metric, by how much, whether the data support it, and how many more seeds would be
/// needed if they do not. With a baseline the best is held against it (or, when the baseline is best, the next one);
/// without one, against the next.
pub fn conclusion(variants: &[Variant<'_>], metric: &str, baseline: Option<usize>) -> String {
    let title = merit::title(metric);
    match best(variants, metric).as_deref() {
        None => format!("Whether lower or higher is better is not known of {metric}, so no variant is called best."),
        Some([]) => format!("No run has a finite {title}."),
        Some([only]) => {
            format!("Only {} has a {title}, so there is nothing to compare it with.", variants[*only].label())
        }
        Some(ranked) => {
            let compared = baseline.filter(|baseline| ranked.contains(baseline));
            // Of several best ones it is the baseline that is spoken of.
            let is_best =
                |baseline: &usize| *baseline == ranked[0] || tied(variants, metric, ranked[0], *baseline).is_some();
            let first = compared.filter(is_best).unwrap_or(ranked[0]);
            let others = || ranked.iter().copied().filter(|variant| *variant != first);
            let ties: Vec<Comparison> = others().map_while(|other| tied(variants, metric, first, other)).collect();
            let next = others().nth(ties.len());
            let reference = compared.filter(|baseline| *baseline != first).or(next);
            let ranking = Ranking { variants, metric, ranked, first, ties: &ties, reference, baseline };
            // Without a baseline the best one is the common reference of all tests.
            ranking.told(compared.unwrap_or(first))
        }
    }
}

/// At least two variants in the order of a metric.
struct Ranking<'a> {
    variants: &'a [Variant<'a>],
    metric: &'a str,
    ranked: &'a [usize],
    first: usize,
    /// Those that are as good as the first.
    ties: &'a [Comparison],
    /// What the first is held against; `None` where all are as good.
    reference: Option<usize>,
    baseline: Option<usize>,
}

/// How a variant compares with the best where there is no difference between them.
fn tied(variants: &[Variant<'_>], metric: &str, first: usize, other: usize) -> Option<Comparison> {
    let comparison = each_against(variants, &[(other, first)], metric).pop()?;
    (comparison.difference.mean == 0.0 && shares_seeds(variants, metric, &comparison)).then_some(comparison)
}

/// Whether the difference is that of the means: it is not where some seeds are of one of the two alone.
fn shares_seeds(variants: &[Variant<'_>], metric: &str, comparison: &Comparison) -> bool {
    let Difference { design, count, .. } = comparison.difference;
    let all = |variant: usize| variants[variant].summary(metric).is_some_and(|summary| summary.count == count);
    design == Design::Unpaired || (all(comparison.variant) && all(comparison.baseline))
}

impl Ranking<'_> {
    /// The conclusion from the comparisons of all with `center`, which is the first or its reference.
    fn told(&self, center: usize) -> String {
        let (title, mean) = (merit::title(self.metric), mean(&self.variants[self.first], self.metric));
        let every = self.ties.iter().all(|tie| matches!(tie.difference.evidence, Evidence::NoSpread { .. }));
        let Some(reference) = self.reference else {
            let seeds = if every { " with every seed" } else { "" };
            return format!("{} the same {title}{seeds}, {mean}.", self.subject());
        };
        let comparisons = against(self.variants, center, self.metric);
        let other = if center == self.first { reference } else { self.first };
        let Some(comparison) = comparisons.iter().find(|comparison| comparison.variant == other) else {
            return format!("No run has a finite {title}.");
        };
        let is_lowest = better(self.variants, self.metric) == Some(Better::Lower);
        let seeds = match self.ties {
            [] => "",
            _ if every => ", the same with every seed",
            _ => " each",
        };
        let best =
            format!("{} the {} {title}, {mean}{seeds}", self.subject(), if is_lowest { "lowest" } else { "highest" });
        let difference = comparison.difference.mean;
        let is_less = (difference > 0.0) == (center == self.first);
        let than = self.than(reference);
        if !shares_seeds(self.variants, self.metric, comparison) && (difference == 0.0 || is_less != is_lowest) {
            return format!("{best}, but {}", contradicted(comparison, &than, is_less));
        }
        let and = if self.ties.is_empty() { "" } else { " and" };
        let way = if is_less { "less" } else { "more" };
        let others = if center == self.first { self.clearly_worse(&comparisons, is_lowest) } else { String::new() };
        format!("{best},{and} {} {way} {than}{}{others}", size(comparison), support(comparison))
    }

    /// The best one by its name, or how many there are: `a=0 has`, `a=0 and 3 others have`.
    fn subject(&self) -> String {
        let label = |variant: usize| self.variants[variant].label();
        let first = label(self.first);
        let first = match self.baseline {
            Some(baseline) if baseline == self.first => format!("The baseline {first}"),
            Some(missing) if !self.ranked.contains(&missing) => {
                let title = merit::title(self.metric);
                format!("The baseline, {}, has no finite {title}. Of the others {first}", label(missing))
            }
            _ => first,
        };
        match self.ties {
            [] => format!("{first} has"),
            [tie] => format!("{first} and {} have", label(tie.variant)),
            ties => format!("{first} and {} others have", ties.len()),
        }
    }

    /// What it is held against.
    fn than(&self, reference: usize) -> String {
        let what = match self.baseline {
            Some(baseline) if baseline == reference => "the baseline",
            _ if self.ranked.len() == 2 => "the other",
            _ => "the next",
        };
        format!("than {what}, {}", self.variants[reference].label())
    }

    /// How many of several that are behind the best are clearly so; nothing of a single one, or without tests.
    fn clearly_worse(&self, comparisons: &[Comparison], is_lowest: bool) -> String {
        let ties: BTreeSet<usize> = self.ties.iter().map(|tie| tie.variant).collect();
        let behind = || comparisons.iter().filter(|comparison| !ties.contains(&comparison.variant));
        let worse = |comparison: &&Comparison| {
            comparison.is_supported() == Some(true) && (comparison.difference.mean > 0.0) == is_lowest
        };
        let others = if ties.is_empty() { "others" } else { "variants behind them" };
        match (behind().count(), behind().filter(worse).count()) {
            (0 | 1, _) => String::new(),
            _ if behind().all(|comparison| comparison.p.is_none()) => String::new(),
            (_, 0) => format!(" None of the {others} is clearly worse."),
            (2, 2) => format!(" Both {others} are clearly worse."),
            (all, 1) => format!(" One of the {all} {others} is clearly worse."),
            (all, clear) if clear == all => format!(" All {all} {others} are clearly worse."),
            (all, clear) => format!(" {clear} of the {all} {others} are clearly worse."),
        }
    }
}

/// How variants do against those that differ from them in the baseline's values alone: in how many comparisons a metric
/// is better, in how many clearly so, and the largest difference.
pub fn conclusion_at(variants: &[Variant<'_>], metric: &str, pairs: &[(usize, usize)], baseline: &str) -> String {
    let title = merit::title(metric);
    let Some(better) = better(variants, metric) else { return conclusion(variants, metric, None) };
    let comparisons = each_against(variants, pairs, metric);
    if comparisons.is_empty() {
        return format!("No variant has a finite {title} both with {baseline} and without.");
    }
    let is_better = |comparison: &&Comparison| match better {
        Better::Lower => comparison.difference.mean < 0.0,
        Better::Higher => comparison.difference.mean > 0.0,
    };
    let is_clear = |comparison: &&Comparison| comparison.is_supported() == Some(true);
    let (better_ones, others): (Vec<&Comparison>, Vec<&Comparison>) = comparisons.iter().partition(is_better);
    let count = |of: &[&Comparison]| of.iter().copied().filter(|comparison| is_clear(comparison)).count();
    let all = text::count(comparisons.len(), "comparison");
    let mut sentence = format!(
        "Against {baseline} with all else equal, the {title} is {} in {} of {all}, clearly in {}; clearly {} in {}.",
        if better == Better::Lower { "lower" } else { "higher" },
        better_ones.len(),
        count(&better_ones),
        if better == Better::Lower { "higher" } else { "lower" },
        count(&others),
    );
    let size = |comparison: &&Comparison| comparison.difference.mean.abs();
    if let Some(largest) =
        comparisons.iter().max_by(|a, b| size(a).total_cmp(&size(b))).filter(|found| size(found) > 0.0)
    {
        let way = if largest.difference.mean < 0.0 { "less" } else { "more" };
        let label = variants[largest.variant].label();
        sentence += &format!(" The largest difference: {label} has {} {way}{}", self::size(largest), support(largest));
    }
    sentence
}

/// `0.0912 ± 0.0031`, or the value of a single run.
fn mean(variant: &Variant<'_>, metric: &str) -> String {
    variant.summary(metric).map_or_else(String::new, |summary| words::plus_minus(summary.mean, summary.half_width()))
}

/// The difference without its sign, as exact as it is known.
fn size(comparison: &Comparison) -> String {
    let size = comparison.difference.mean.abs();
    match comparison.test() {
        Some(test) => words::rounded(size, (test.interval.high - test.interval.low) / 2.0),
        None => text::number(size),
    }
}

/// What the seeds that both have say against a better mean over other seeds.
fn contradicted(comparison: &Comparison, than: &str, is_less: bool) -> String {
    let what = match (comparison.difference.mean == 0.0, is_less) {
        (true, _) => "no better".to_owned(),
        (false, true) => format!("{} less", size(comparison)),
        (false, false) => format!("{} more", size(comparison)),
    };
    let seeds = match comparison.difference.count {
        1 => "the one seed".to_owned(),
        count => format!("the {count} seeds"),
    };
    format!(
        "{what} {than}, with {seeds} that both have{}: the data do not say which is better. Run both with the \
         same seeds.",
        facts(comparison)
    )
}

/// How sure the difference is.
fn support(comparison: &Comparison) -> String {
    let every = match (comparison.difference.evidence, comparison.difference.design) {
        (Evidence::NoSpread { .. }, Design::Paired) => ", the same with every seed",
        (Evidence::NoSpread { .. }, Design::Unpaired) => ", whatever the seed",
        (Evidence::TooFew | Evidence::Test(_), _) => "",
    };
    let facts = facts(comparison);
    match comparison.is_supported() {
        None => ". One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as \
                 --repeats 3."
            .to_owned(),
        Some(true) => format!("{every}{facts}: the data support it."),
        Some(false) => format!("{every}{facts}: the data do not support it. {}", more_seeds(comparison)),
    }
}

/// ` (95 % interval 0.1 to 0.3; 3 pairs by seed; p = 0.012)`, empty without a test.
fn facts(comparison: &Comparison) -> String {
    let Difference { design, count, mean, evidence } = comparison.difference;
    let Some(p) = comparison.p.map(p_value) else { return String::new() };
    let corrected = match comparison.tests {
        1 => String::new(),
        tests => format!(" after Holm's correction for {tests} comparisons"),
    };
    let paired = match design {
        Design::Paired => format!("{} by seed", text::count(count, "pair")),
        Design::Unpaired => "seeds differ".to_owned(),
    };
    let Evidence::Test(test) = evidence else {
        return format!(" ({paired}; {p} by a permutation test{corrected})");
    };
    // Told as the difference's size, whichever of the two it is measured from.
    let Interval { low, high } = test.interval;
    let interval = if mean < 0.0 { Interval { low: -high, high: -low } } else { test.interval };
    let welch = if design == Design::Unpaired { ", so by Welch's test" } else { "" };
    format!(" (95 % interval {}; {paired}{welch}; {p}{corrected})", words::interval(interval))
}

/// How many more seeds would be needed.
fn more_seeds(comparison: &Comparison) -> String {
    let count = comparison.difference.count;
    match (comparison.seeds_needed(), comparison.difference.evidence) {
        (Some(needed), evidence) => {
            let needed = needed.max(count + 1);
            let more = needed - count;
            match evidence {
                Evidence::NoSpread { .. } => {
                    format!("If all seeds say the same, it takes {needed} of each to show it: {more} more.")
                }
                _ => format!(
                    "If the effect is what it looks like, about {needed} seeds of each would show it four times in \
                     five: {more} more."
                ),
            }
        }
        (None, Evidence::Test(test)) if test.effect.is_some() => {
            format!("Even {MOST_REPEATS} seeds of each would hardly show a difference this small.")
        }
        _ => "From two seeds it cannot be told how many it takes: repeat with more, such as --repeats 5.".to_owned(),
    }
}

/// Which variants have models that learned next to nothing, if any has: a comparison with them is not one of what was
/// built.
pub fn collapses(variants: &[Variant<'_>]) -> Option<String> {
    const MOST: usize = 5;
    let collapsed: Vec<(&Variant<'_>, usize)> =
        variants.iter().map(|variant| (variant, variant.collapsed())).filter(|(_, count)| *count > 0).collect();
    let told = |(variant, count): &(&Variant<'_>, usize)| {
        let of = text::count(variant.runs.len(), "run");
        format!("{} ({count} of {of})", variant.label())
    };
    let mut all: Vec<String> = collapsed.iter().take(MOST).map(told).collect();
    if collapsed.len() > MOST {
        all.push(format!("{} more", collapsed.len() - MOST));
    }
    (!all.is_empty()).then(|| format!("models that collapsed, having learned next to nothing: {}", all.join("; ")))
}

/// What a reader has to know of the values that are compared: runs without the metric, or where it is not finite, and
/// such that share a seed.
pub fn notes(variants: &[Variant<'_>], metric: &str) -> Vec<String> {
    let title = merit::title(metric);
    let mut notes = Vec::new();
    for variant in variants {
        let values = variant.runs.iter().map(|run| run.metrics.get(metric));
        let missing = values.clone().filter(Option::is_none).count();
        let not_finite = values.flatten().filter(|value| !value.is_finite()).count();
        let seeds: BTreeSet<u64> = variant.runs.iter().map(|run| run.seed).collect();
        if seeds.len() == variant.runs.len() && not_finite + missing == 0 {
            continue;
        }
        let (label, of) = (variant.label(), text::count(variant.runs.len(), "run"));
        if seeds.len() < variant.runs.len() {
            let seeds = text::count(seeds.len(), "seed");
            notes.push(format!("{label}: {of} with {seeds} only: of each seed the last one named counts"));
        }
        if not_finite > 0 {
            notes.push(format!("{label}: {not_finite} of {of} left out, whose {title} is not finite"));
        }
        if missing > 0 {
            notes.push(format!(
                "{label}: {missing} of {of} without a {title} left out: see `pipeline runs` for how it ended"
            ));
        }
    }
    notes
}
