//! How a search went: its objective trial by trial, the best so far, and what is not beaten in two objectives at once.
//! Knows no sampler.

use crate::compare::Variant;
use crate::merit::{self, Better};
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette;
use crate::report::figures::file_name;
use crate::report::page::many::front;
use crate::report::page::sweep::{Plot, grouped};
use crate::report::page::variants::{Overview, amount, mean};
use crate::report::page::{SearchSummary, shell};
use crate::report::section::Look;

/// The charts of a search; none for other experiments.
pub fn plots(overview: &Overview<'_>) -> Result<Vec<Plot>> {
    let Overview { page, variants, ranked, .. } = overview;
    let Some(search) = &page.search else { return Ok(Vec::new()) };
    let mut plots = Vec::new();
    for (metric, better) in &search.objectives {
        plots.extend(course(search, variants, ranked, metric, *better)?);
    }
    // A front has a cost: an objective that is to be small.
    let cost = search.objectives.iter().rev().find(|(_, better)| *better == Better::Lower);
    if let ([one, other], Some(cost)) = (&search.objectives[..], cost) {
        let (metric, better) = if one == cost { other } else { one };
        let label = format!("{} ↓", merit::title(&cost.0));
        let of = |variant: &Variant<'_>| mean(variant, &cost.0);
        plots.extend(front(ranked, &page.swept, (metric, *better), (&merit::title(&cost.0), &label), of)?);
    }
    Ok(plots)
}

/// An objective of every trial, and its best value so far among those that may be called best.
fn course(
    search: &SearchSummary,
    trials: &[Variant<'_>],
    ranked: &[Variant<'_>],
    metric: &str,
    better: Better,
) -> Result<Option<Plot>> {
    let number = |variant: &Variant<'_>| trials.iter().position(|trial| trial.values == variant.values);
    let place = |variant: &Variant<'_>| Some((number(variant)? as f64 + 1.0, variant.summary(metric)?.mean));
    let got = |variant: &Variant<'_>| match &search.resource {
        Some(resource) => format!("{resource} {}", variant.values.get(resource).map_or_else(String::new, shell::plain)),
        None => "a trial".to_owned(),
    };
    let mut groups = grouped(trials, got);
    let key = |members: &[&Variant<'_>]| search.resource.as_ref().map_or(0.0, |resource| amount(members[0], resource));
    groups.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
    let scattered = |(index, (name, members)): (usize, &(String, Vec<&Variant<'_>>))| {
        let points = members.iter().filter_map(|variant| place(variant)).collect();
        Line::scattered(name.clone(), palette::series(index), points)
    };
    let mut lines: Vec<Line> = groups.iter().enumerate().map(scattered).collect();
    let competing: Vec<(f64, f64)> = ranked.iter().filter_map(place).filter(|point| point.1.is_finite()).collect();
    let values = lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let y = Axis::around(values.collect::<Vec<_>>(), Spread::Linear, 5);
    if competing.is_empty() {
        return Ok(None);
    }
    lines.push(Line::new("best so far", palette::INK, steps(&competing, better, trials.len() as f64)));
    let title = merit::title(metric);
    let arrow = if better == Better::Lower { " ↓" } else { " ↑" };
    let chart = LineChart {
        title: &format!("{title}, trial by trial"),
        x_label: "trial, in the order proposed",
        y_label: &format!("{title}{arrow}"),
        x: Axis::whole(0.0, trials.len() as f64 + 1.0, 8),
        y,
        lines,
        levels: Vec::new(),
        height: 350.0,
    };
    let alt = format!("Chart: {title} of every trial of the search, and the best so far");
    Ok(Some(Plot::new(&format!("search-{}", file_name(metric)), Look::Chart, alt, chart.draw()?)))
}

/// The best value up to each point, as stairs that end at `last`.
fn steps(points: &[(f64, f64)], better: Better, last: f64) -> Vec<(f64, f64)> {
    let mut stairs: Vec<(f64, f64)> = Vec::new();
    for &(x, y) in points {
        match stairs.last() {
            Some(&(_, best)) if (y < best) != (better == Better::Lower) || y == best => {}
            Some(&(_, best)) => stairs.extend([(x, best), (x, y)]),
            None => stairs.push((x, y)),
        }
    }
    if let Some(&(_, best)) = stairs.last() {
        stairs.push((last, best));
    }
    stairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stairs_go_to_every_better_value_and_never_back() {
        let points = [(1.0, 5.0), (2.0, 6.0), (4.0, 3.0), (5.0, 3.0)];
        assert_eq!(steps(&points, Better::Lower, 6.0), [(1.0, 5.0), (4.0, 5.0), (4.0, 3.0), (6.0, 3.0)]);
        assert_eq!(steps(&points, Better::Higher, 6.0), [(1.0, 5.0), (2.0, 5.0), (2.0, 6.0), (6.0, 6.0)]);
        assert_eq!(steps(&[], Better::Higher, 6.0), []);
    }
}
