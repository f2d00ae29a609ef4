//! The sentences that close a comparison.

use crate::compare::words::{self, p_value};
use crate::compare::{Comparison, Variant, against, best, each_against};
use crate::merit::{self, Better};
use crate::statistics::{Design, Difference, Evidence, Interval, MOST_REPEATS};
use crate::text;

/// Which variant is best by a metric, by how much, whether the data support it, and how many more seeds would be
/// needed if they do not. With a baseline the best is held against it (or, when the baseline is best, the next one);
/// without one, against the next.
pub fn conclusion(variants: &[Variant<'_>], metric: &str, baseline: Option<usize>) -> String {
    let title = merit::title(metric);
    let Some(ranked) = best(variants, metric) else {
        return format!("Whether lower or higher is better is not known of {metric}, so no variant is called best.");
    };
    let (first, second) = match ranked[..] {
        [] => return format!("No run has a finite {title}."),
        [only] => {
            let label = variants[only].label();
            return format!("Only {label} has a {title}, so there is nothing to compare it with.");
        }
        [first, second, ..] => (first, second),
    };
    let reference = baseline.filter(|baseline| *baseline != first && ranked.contains(baseline)).unwrap_or(second);
    // Without a baseline the best one is the common reference of all tests.
    let center = baseline.filter(|baseline| ranked.contains(baseline)).unwrap_or(first);
    let other = if center == first { reference } else { first };
    let comparisons = against(variants, center, metric);
    let Some(comparison) = comparisons.iter().find(|comparison| comparison.variant == other) else {
        return format!("No run has a finite {title}.");
    };
    if comparison.difference.mean == 0.0 {
        return tie(variants, metric, [first, reference], comparison);
    }
    let lowest = merit::better(metric) == Some(Better::Lower);
    let than = match baseline {
        Some(baseline) if baseline == reference => "the baseline",
        _ if ranked.len() == 2 => "the other",
        _ => "the next",
    };
    let is_less = (comparison.difference.mean > 0.0) == (center == first);
    let sentence = format!(
        "{}{} has the {} {title}, {}, {} {} than {than}, {}{}",
        if baseline == Some(first) { "The baseline " } else { "" },
        variants[first].label(),
        if lowest { "lowest" } else { "highest" },
        mean(&variants[first], metric),
        size(comparison),
        if is_less { "less" } else { "more" },
        variants[reference].label(),
        support(comparison),
    );
    let worse = |comparison: &&Comparison| {
        comparison.is_supported() == Some(true) && (comparison.difference.mean > 0.0) == lowest
    };
    let clear = comparisons.iter().filter(worse).count();
    match comparisons.len() {
        2.. if center != first || comparisons.iter().all(|comparison| comparison.test().is_none()) => sentence,
        2 if clear == 2 => format!("{sentence} Both others are clearly worse."),
        others @ 2.. if clear == others => format!("{sentence} All {others} others are clearly worse."),
        others @ 2.. => format!("{sentence} {clear} of the {others} others are clearly worse."),
        _ => sentence,
    }
}

/// How variants do against those that differ from them in the baseline's values alone: in how many comparisons a metric
/// is better, in how many clearly so, and the largest difference.
pub fn conclusion_at(variants: &[Variant<'_>], metric: &str, pairs: &[(usize, usize)], baseline: &str) -> String {
    let title = merit::title(metric);
    let Some(better) = merit::better(metric) else { return conclusion(variants, metric, None) };
    let comparisons = each_against(variants, pairs, metric);
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

fn tie(variants: &[Variant<'_>], metric: &str, [first, second]: [usize; 2], comparison: &Comparison) -> String {
    let seeds = match comparison.difference.evidence {
        Evidence::NoSpread => " with every seed",
        Evidence::TooFew | Evidence::Test(_) => "",
    };
    let (title, mean) = (merit::title(metric), mean(&variants[first], metric));
    format!("{} and {} have the same {title}{seeds}, {mean}.", variants[first].label(), variants[second].label())
}

/// How sure the difference is.
fn support(comparison: &Comparison) -> String {
    let Difference { design, count, mean, evidence } = comparison.difference;
    let test = match evidence {
        Evidence::TooFew => {
            return ". One run of a variant gives no interval, so this may be chance: repeat with more seeds, such as \
                    --repeats 3."
                .to_owned();
        }
        Evidence::NoSpread => return ", the same with every seed: the data support it.".to_owned(),
        Evidence::Test(test) => test,
    };
    // Told as the difference's size, whichever of the two it is measured from.
    let Interval { low, high } = test.interval;
    let interval = if mean < 0.0 { Interval { low: -high, high: -low } } else { test.interval };
    let paired = match design {
        Design::Paired => format!("{} by seed", text::count(count, "pair")),
        Design::Unpaired => "seeds differ, so by Welch's test".to_owned(),
    };
    let p = comparison.p.map_or_else(String::new, p_value);
    let corrected = match comparison.tests {
        1 => String::new(),
        tests => format!(" after Holm's correction for {tests} comparisons"),
    };
    let facts = format!(" (95 % interval {}; {paired}; {p}{corrected})", words::interval(interval));
    match comparison.is_supported() {
        Some(true) => format!("{facts}: the data support it."),
        _ => format!("{facts}: the data do not support it. {}", more_seeds(comparison)),
    }
}

/// How many more seeds would be needed.
fn more_seeds(comparison: &Comparison) -> String {
    let count = comparison.difference.count;
    match (comparison.seeds_needed(), comparison.test().and_then(|test| test.effect)) {
        (Some(needed), _) => {
            let needed = needed.max(count + 1);
            format!(
                "If the effect is what it looks like, about {needed} seeds of each would show it four times in five: \
                 {} more.",
                needed - count
            )
        }
        (None, Some(_)) => format!("Even {MOST_REPEATS} seeds of each would hardly show a difference this small."),
        (None, None) => {
            "From two seeds it cannot be told how many it takes: repeat with more, such as --repeats 5.".to_owned()
        }
    }
}

/// What a reader has to know of the values that are compared: runs without the metric, or where it is not finite.
pub fn notes(variants: &[Variant<'_>], metric: &str) -> Vec<String> {
    let title = merit::title(metric);
    let mut notes = Vec::new();
    for variant in variants {
        let of = text::count(variant.runs.len(), "run");
        let missing = variant.runs.iter().filter(|run| !run.metrics.contains_key(metric)).count();
        let values = variant.runs.iter().filter_map(|run| run.metrics.get(metric));
        let not_finite = values.filter(|value| !value.is_finite()).count();
        let label = variant.label();
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
