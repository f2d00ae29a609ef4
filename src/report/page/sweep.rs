//! How a metric depends on the swept params, as charts. Knows no HTML.

#[cfg(test)]
mod tests;

use plotters::style::RGBColor;
use serde_json::{Map, Value};

use crate::compare::{self, Variant};
use crate::merit::{self, of_companion};
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette;
use crate::report::draw::pen::Png;
use crate::report::figures::file_name;
use crate::report::page::shell;
use crate::report::page::variants::{self, amount, mean, values_of};
use crate::report::section::{Figure, Look};
use crate::statistics::Summary;

/// A chart and what it is.
pub struct Plot {
    pub figure: Figure,
    pub png: Png,
}

impl Plot {
    /// A drawing that is kept in a file of this name.
    pub fn new(name: &str, look: Look, alt: String, png: Png) -> Self {
        Self { figure: Figure { file: format!("{name}.png"), alt, width: png.width, height: png.height, look }, png }
    }
}

/// Lines that can still be told apart in one chart.
const MOST_LINES: usize = 8;
/// Places on an axis of which each has its own tick even where it is one of points.
const FEW_PLACES: usize = 4;
/// What a line without others is called where PCA's is beside it.
const ALONE: &str = "trained";
/// Bars that can still be read in one chart.
const MOST_BARS: usize = 40;

/// Charts of one metric: against every numeric swept param, or one bar for each variant when there is none. `groups`
/// is the param whose values have colors where there are too many points for lines; a param of words unless given.
pub fn plots(variants: &[Variant<'_>], swept: &[String], metric: &str, groups: Option<&str>) -> Result<Vec<Plot>> {
    let numeric: Vec<&String> = swept
        .iter()
        .filter(|param| {
            let values = values_of(variants, param);
            // What a pruner gives more of is no cause of how good a trial is.
            let varies = values.len() > 1 && groups != Some(param.as_str());
            varies && values.iter().all(|value| value.is_number())
        })
        .collect();
    if numeric.is_empty() && variants.len() > 1 && variants.len() <= MOST_BARS {
        return Ok(bars(variants, metric)?.into_iter().collect());
    }
    let charts = numeric.into_iter().map(|param| against(variants, swept, param, metric, groups));
    Ok(charts.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn bars(variants: &[Variant<'_>], metric: &str) -> Result<Option<Plot>> {
    let bar = |variant: &Variant<'_>| {
        let summary = variant.summary(metric);
        let text = summary.map_or("–".into(), |summary| {
            format!("{} {}", crate::report::number::short(summary.mean), variants::spread(&summary))
        });
        let color = if variant.collapsed() > 0 { palette::WRONG } else { palette::ACCENT };
        let value = summary.map_or(f64::NAN, |summary| summary.mean);
        Bar { label: shell::variant(&variant.values), value, text: text.trim_end().to_owned(), color }
    };
    let bars: Vec<Bar> = variants.iter().map(bar).collect();
    if bars.iter().all(|bar| bar.value.is_nan()) {
        return Ok(None);
    }
    let title = format!("{}{}", merit::title(metric), compare::arrow(variants, metric));
    let png = Bars { title: &title, bars, full: None }.draw()?;
    let alt = format!("Bars: {} of every variant", merit::title(metric));
    Ok(Some(Plot::new(&file_name(&format!("{metric}-variant")), Look::Chart, alt, png)))
}

fn against(
    variants: &[Variant<'_>],
    swept: &[String],
    param: &str,
    metric: &str,
    groups: Option<&str>,
) -> Result<Option<Plot>> {
    let mut lines = trained(variants, swept, param, metric, groups);
    if lines.is_empty() {
        return Ok(None);
    }
    let (baseline, levels) = baselines(variants, swept, param, metric);
    let joined = lines.iter().all(|line| line.joined);
    lines.extend(baseline);
    let xs: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
    let spread = spread(&xs);
    let log = if spread == Spread::Linear { "" } else { " (log scale)" };
    let note = if lines.iter().any(|line| !line.band.is_empty()) { ", mean and 95 % interval" } else { "" };
    let title = merit::title(metric);
    let y = Axis::around(heights(&lines, &levels), Spread::Linear, 5);
    for band in lines.iter_mut().flat_map(|line| &mut line.band) {
        *band = (band.0.clamp(y.low, y.high), band.1.clamp(y.low, y.high));
    }
    let places = by_x(variants, param).len();
    let chart = LineChart {
        title: &format!("{title} against {param}"),
        x_label: &format!("{param}{log}"),
        y_label: &format!("{title}{}{note}", compare::arrow(variants, metric)),
        x: match places <= FEW_PLACES || joined && xs.len() <= 40 {
            true => Axis::at(&xs, spread),
            false => Axis::around(xs.iter().copied(), spread, 8),
        },
        y,
        lines,
        levels,
        height: 350.0,
    };
    let alt = match joined {
        true => format!("Line chart: {title} against {param}, a line for each of the other params’ values"),
        false => format!("Scatter plot: {title} against {param}, a point for each variant"),
    };
    Ok(Some(Plot::new(&file_name(&format!("{metric}-{param}")), Look::Chart, alt, chart.draw()?)))
}

/// A line for each of the other params' values; the variants as points when that would be too many, or when most would
/// be of one point.
fn trained(variants: &[Variant<'_>], swept: &[String], param: &str, metric: &str, groups: Option<&str>) -> Vec<Line> {
    let at = by_x(variants, param);
    let number = |variant: &Variant<'_>, name: &str| variant.values.get(name)?.as_f64();
    let is_decided = |name: &String| {
        let shared = at.iter().all(|(_, members)| members.len() > 1);
        decides(&at, name) && (shared || in_step(&at, |variant| number(variant, name).unwrap_or(f64::NAN)))
    };
    let rest: Vec<&String> = swept.iter().filter(|name| *name != param && !is_decided(name)).collect();
    let members = || at.iter().flat_map(|(_, members)| members.iter().copied());
    let by_others = grouped(members(), |variant| others(&variant.values, &rest));
    let lines: Vec<Line> = match by_others.iter().filter(|(_, members)| members.len() > 1).count() {
        several if by_others.len() <= MOST_LINES && several * 2 >= by_others.len() => {
            let line = |(index, (name, members)): (usize, &(String, Vec<&Variant<'_>>))| {
                line(name, members, param, metric, palette::series(index))
            };
            by_others.iter().enumerate().map(line).collect()
        }
        _ => {
            let words =
                |name: &&String| *name != param && values_of(variants, name).iter().all(|value| value.is_string());
            let colored = groups.filter(|name| *name != param).or_else(|| swept.iter().find(words).map(String::as_str));
            let measured = members().filter(|variant| variant.summary(metric).is_some());
            scattered(measured.collect(), colored, param, metric)
        }
    };
    lines.into_iter().filter(|line| !line.points.is_empty()).collect()
}

/// A point for each variant, with a color for each value of one param.
fn scattered(variants: Vec<&Variant<'_>>, colored: Option<&str>, param: &str, metric: &str) -> Vec<Line> {
    /// Intervals and single runs that can still be told apart.
    const FEW: usize = 12;
    let few = variants.len() <= FEW;
    let name = |variant: &Variant<'_>| match colored {
        Some(name) => format!("{name} {}", variant.values.get(name).map_or_else(String::new, shell::plain)),
        None => ALONE.to_owned(),
    };
    let mut groups = grouped(variants.iter().copied(), name);
    if groups.len() > MOST_LINES {
        groups = vec![(ALONE.to_owned(), variants)];
    }
    if let Some(name) = colored {
        groups.sort_by(|a, b| amount(a.1[0], name).total_cmp(&amount(b.1[0], name)));
    }
    let points = |(index, (name, members)): (usize, (String, Vec<&Variant<'_>>))| {
        // The legend has the first of each color.
        let names = std::iter::once(name).chain(std::iter::repeat(String::new()));
        let point = move |(variant, name): (&Variant<'_>, String)| {
            let point = line(&name, &[variant], param, metric, palette::series(index));
            let (band, dots) = if few { (point.band, point.dots) } else { Default::default() };
            Line { joined: false, band, dots, ..point }
        };
        members.into_iter().zip(names).map(point).collect::<Vec<_>>()
    };
    groups.into_iter().enumerate().flat_map(points).collect()
}

/// Variants by their value of a numeric param, in its order.
fn by_x<'v, 'a>(variants: impl IntoIterator<Item = &'v Variant<'a>>, param: &str) -> Vec<(f64, Vec<&'v Variant<'a>>)> {
    let x = |variant: &'v Variant<'a>| Some((variant.values.get(param).and_then(Value::as_f64)?, variant));
    let mut placed: Vec<(f64, &Variant<'a>)> = variants.into_iter().filter_map(x).collect();
    placed.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let members = |alike: &[(f64, &'v Variant<'a>)]| (alike[0].0, alike.iter().map(|(_, variant)| *variant).collect());
    placed.chunk_by(|(a, _), (b, _)| a == b).map(members).collect()
}

/// Whether what is the `same` or not is so for all variants at the same x.
fn one_at_each<'a>(at: &[(f64, Vec<&Variant<'a>>)], same: impl Fn(&Variant<'a>, &Variant<'a>) -> bool) -> bool {
    at.iter().all(|(_, members)| members.iter().all(|variant| same(members[0], variant)))
}

/// Whether x decides on a param, as it may by chance where no two variants have the same x.
fn decides(at: &[(f64, Vec<&Variant<'_>>)], name: &str) -> bool {
    one_at_each(at, |one, other| one.values.get(name) == other.values.get(name))
}

/// Whether a number only rises or only falls with x.
fn in_step<'a>(at: &[(f64, Vec<&Variant<'a>>)], number: impl Fn(&Variant<'a>) -> f64) -> bool {
    let numbers: Vec<f64> = at.iter().map(|(_, members)| number(members[0])).collect();
    numbers.is_sorted() || numbers.iter().rev().is_sorted()
}

/// Variants by a name, in the order of the names' first.
pub fn grouped<'v, 'a>(
    variants: impl IntoIterator<Item = &'v Variant<'a>>,
    name: impl Fn(&Variant<'a>) -> String,
) -> Vec<(String, Vec<&'v Variant<'a>>)> {
    let mut groups: Vec<(String, Vec<&Variant<'a>>)> = Vec::new();
    for variant in variants {
        let name = name(variant);
        match groups.iter_mut().find(|(known, _)| *known == name) {
            Some((_, members)) => members.push(variant),
            None => groups.push((name, vec![variant])),
        }
    }
    groups
}

/// What the y axis must reach: every value, and of the bands as much as leaves half of the room to the values.
fn heights(lines: &[Line], levels: &[(f64, String)]) -> Vec<f64> {
    let points = lines.iter().flat_map(|line| line.points.iter().chain(&line.dots).map(|point| point.1));
    let mut heights: Vec<f64> = points.chain(levels.iter().map(|level| level.0)).filter(|y| y.is_finite()).collect();
    let (low, high) =
        heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(*y), high.max(*y)));
    let room = (high - low) / 2.0;
    let bands = lines.iter().flat_map(|line| &line.band).flat_map(|band| [band.0, band.1]);
    heights.extend(bands.map(|y| y.clamp(low - room, high + room)));
    heights
}

/// What needs no training, beside a mean squared error: PCA at the same latent size as a line, where it is the same for
/// all variants at the same place, and the constant mean image as a level.
fn baselines(
    variants: &[Variant<'_>],
    swept: &[String],
    param: &str,
    metric: &str,
) -> (Option<Line>, Vec<(f64, String)>) {
    let names = || variants.iter().flat_map(|variant| &variant.runs).flat_map(|run| run.metrics.names());
    let name = |own: &str| names().find(|name| merit::own(name) == own);
    // Of several errors, a denoiser's beside an autoencoder's, PCA's is comparable with that of `evaluate`.
    let others = || names().any(|other| other != metric && merit::own(other) == "mse" && !of_companion(other));
    if merit::own(metric) != "mse" || metric != "evaluate.mse" && others() {
        return (None, Vec::new());
    }
    let pca = name("pca_mse").and_then(|name| pca(variants, swept, param, name));
    let constants: Vec<f64> = name("constant_mse")
        .iter()
        .flat_map(|name| variants.iter().flat_map(|variant| variant.by_seed(name).into_values()))
        .collect();
    let constant = Summary::of(&constants).map(|summary| (summary.mean, "constant mean".to_owned()));
    (pca, constant.into_iter().collect())
}

/// PCA's error as a line; none where it hangs on other params than this one.
fn pca(variants: &[Variant<'_>], swept: &[String], param: &str, name: &str) -> Option<Line> {
    let members: Vec<&Variant<'_>> = variants.iter().filter(|variant| variant.summary(name).is_some()).collect();
    let same = |one: &Variant<'_>, other: &Variant<'_>| {
        let known = one.by_seed(name);
        other.by_seed(name).iter().all(|(seed, value)| known.get(seed).is_none_or(|own| own == value))
    };
    let at = by_x(members.iter().copied(), param);
    // In draws and searches it may hang on what x decides on by chance: that makes a zigzag.
    let alone = || !variants::varied(variants, swept).iter().any(|other| *other != param && decides(&at, other));
    let is_decided = || one_at_each(&at, same) && (in_step(&at, |variant| mean(variant, name)) || alone());
    let line = || line("PCA, as many components", &members, param, name, palette::MUTED);
    let bare = |line| Line { dashed: true, marked: false, band: Vec::new(), dots: Vec::new(), ..line };
    (!at.is_empty() && is_decided()).then(|| bare(line()))
}

/// The other swept params' values: what a line is called.
fn others(values: &Map<String, Value>, rest: &[&String]) -> String {
    let rest: Vec<(&String, &Value)> = rest.iter().filter_map(|name| Some((*name, values.get(*name)?))).collect();
    match rest[..] {
        [] => ALONE.to_owned(),
        // A word such as "conv" says enough by itself; a number needs its param's name.
        [(_, Value::String(word))] => word.clone(),
        _ => rest.iter().map(|(name, value)| format!("{name}={}", shell::plain(value))).collect::<Vec<_>>().join(", "),
    }
}

fn line(name: &str, members: &[&Variant<'_>], param: &str, metric: &str, color: RGBColor) -> Line {
    let mut at: Vec<(f64, Vec<f64>)> = Vec::new();
    for variant in members {
        let Some(x) = variant.values.get(param).and_then(Value::as_f64) else { continue };
        let observations = variant.by_seed(metric).into_values();
        match at.iter_mut().find(|(known, _)| *known == x) {
            Some((_, known)) => known.extend(observations),
            None => at.push((x, observations.collect())),
        }
    }
    at.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let summaries: Vec<(f64, Summary)> =
        at.iter().filter_map(|(x, observations)| Some((*x, Summary::of(observations)?))).collect();
    let repeated = summaries.iter().any(|(_, summary)| summary.count > 1);
    let ends = |summary: &Summary| {
        summary.interval().map_or((summary.mean, summary.mean), |interval| (interval.low, interval.high))
    };
    Line {
        band: if repeated { summaries.iter().map(|(_, summary)| ends(summary)).collect() } else { Vec::new() },
        dots: if repeated {
            at.iter().flat_map(|(x, values)| values.iter().map(|value| (*x, *value))).collect()
        } else {
            Vec::new()
        },
        marked: true,
        ..Line::new(name, color, summaries.iter().map(|(x, summary)| (*x, summary.mean)).collect())
    }
}

/// Powers of two and ratios are shown on a logarithmic axis.
pub fn spread(xs: &[f64]) -> Spread {
    let mut distinct = xs.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    let positive = distinct.first().is_some_and(|&x| x > 0.0);
    let powers = distinct.iter().all(|x| x.log2().fract() == 0.0);
    let ratio = distinct.last().zip(distinct.first()).map_or(1.0, |(high, low)| high / low);
    match () {
        () if !positive => Spread::Linear,
        () if powers && distinct.len() > 1 && ratio > 2.0 => Spread::Log2,
        () if ratio >= 20.0 => Spread::Log10,
        () => Spread::Linear,
    }
}
