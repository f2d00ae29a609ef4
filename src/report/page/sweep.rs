//! How a metric depends on the swept params, as charts. Knows no HTML.

use plotters::style::RGBColor;
use serde_json::{Map, Value};

use crate::compare::Variant;
use crate::merit::{self, of_companion};
use crate::report::Result;
use crate::report::draw::axis::{Axis, Spread};
use crate::report::draw::bars::{Bar, Bars};
use crate::report::draw::lines::{Line, LineChart};
use crate::report::draw::palette;
use crate::report::draw::pen::Png;
use crate::report::figures::file_name;
use crate::report::page::shell;
use crate::report::page::variants::{self, amount, values_of};
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
    let title = format!("{}{}", merit::title(metric), merit::arrow(metric));
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
    let (baseline, levels) = baselines(variants, param, metric);
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
    let chart = LineChart {
        title: &format!("{title} against {param}"),
        x_label: &format!("{param}{log}"),
        y_label: &format!("{title}{}{note}", merit::arrow(metric)),
        x: match lines.iter().all(|line| line.joined) && xs.len() <= 40 {
            true => Axis::at(&xs, spread),
            false => Axis::around(xs.iter().copied(), spread, 8),
        },
        y,
        lines,
        levels,
        height: 350.0,
    };
    let alt = format!("Line chart: {title} against {param}, a line for each of the other params’ values");
    Ok(Some(Plot::new(&file_name(&format!("{metric}-{param}")), Look::Chart, alt, chart.draw()?)))
}

/// A line for each of the other params' values; the variants as points when that would be too many.
fn trained(variants: &[Variant<'_>], swept: &[String], param: &str, metric: &str, groups: Option<&str>) -> Vec<Line> {
    let by_others = grouped(variants, |variant| others(&variant.values, swept, param));
    let lines: Vec<Line> = if by_others.len() <= MOST_LINES {
        let line = |(index, (name, members)): (usize, &(String, Vec<&Variant<'_>>))| {
            // A line alone is named where PCA's is beside it.
            line(if name.is_empty() { "trained" } else { name }, members, param, metric, palette::series(index))
        };
        by_others.iter().enumerate().map(line).collect()
    } else {
        let words = |name: &&String| *name != param && values_of(variants, name).iter().all(|value| value.is_string());
        let colored = groups.filter(|name| *name != param).or_else(|| swept.iter().find(words).map(String::as_str));
        let name = |variant: &Variant<'_>| match colored {
            Some(name) => format!("{name} {}", variant.values.get(name).map_or_else(String::new, shell::plain)),
            None => String::new(),
        };
        let scattered = |(index, (name, members)): (usize, &(String, Vec<&Variant<'_>>))| {
            let point = |variant: &&Variant<'_>| {
                Some((variant.values.get(param).and_then(Value::as_f64)?, variant.summary(metric)?.mean))
            };
            Line::scattered(name.clone(), palette::series(index), members.iter().filter_map(point).collect())
        };
        let mut groups = grouped(variants, name);
        if groups.len() > MOST_LINES {
            groups = vec![(String::new(), variants.iter().collect())];
        }
        if let Some(name) = colored {
            groups.sort_by(|a, b| amount(a.1[0], name).total_cmp(&amount(b.1[0], name)));
        }
        groups.iter().enumerate().map(scattered).collect()
    };
    lines.into_iter().filter(|line| !line.points.is_empty()).collect()
}

/// Variants by a name, in the order of the names' first.
pub fn grouped<'v, 'a>(
    variants: &'v [Variant<'a>],
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

/// What needs no training, beside a mean squared error: PCA at the same latent size as a line, the constant mean image
/// as a level.
fn baselines(variants: &[Variant<'_>], param: &str, metric: &str) -> (Option<Line>, Vec<(f64, String)>) {
    let names = || variants.iter().flat_map(|variant| &variant.runs).flat_map(|run| run.metrics.names());
    let name = |own: &str| names().find(|name| merit::own(name) == own);
    // Of several errors, a denoiser's beside an autoencoder's, PCA's is comparable with that of `evaluate`.
    let others = || names().any(|other| other != metric && merit::own(other) == "mse" && !of_companion(other));
    if merit::own(metric) != "mse" || metric != "evaluate.mse" && others() {
        return (None, Vec::new());
    }
    let members: Vec<&Variant<'_>> = variants.iter().collect();
    let pca = name("pca_mse").map(|name| Line {
        dashed: true,
        marked: false,
        band: Vec::new(),
        dots: Vec::new(),
        ..line("PCA, as many components", &members, param, name, palette::MUTED)
    });
    let constants: Vec<f64> = name("constant_mse")
        .iter()
        .flat_map(|name| variants.iter().flat_map(|variant| variant.by_seed(name).into_values()))
        .collect();
    let constant = Summary::of(&constants).map(|summary| (summary.mean, "constant mean".to_owned()));
    (pca.filter(|line| !line.points.is_empty()), constant.into_iter().collect())
}

/// The other swept params' values: what a line is called.
fn others(values: &Map<String, Value>, swept: &[String], param: &str) -> String {
    let rest: Vec<(&String, &Value)> =
        swept.iter().filter(|name| *name != param).filter_map(|name| Some((name, values.get(name)?))).collect();
    match rest[..] {
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
