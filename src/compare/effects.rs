//! What each param has to do with a metric.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde_json::Value;

use crate::compare::Run;
use crate::compare::words::p_value;
use crate::merit;
use crate::statistics::{self, Anova, Effect};

/// How much of a metric's variance params explain.
#[derive(Debug, Clone)]
pub struct Effects {
    /// What the effects' factors are, by index.
    pub params: Vec<String>,
    /// Those whose numbers were drawn rather than listed, and were cut into ranges of equally many runs.
    pub cut: Vec<String>,
    /// How many ranges that are.
    pub ranges: usize,
    pub anova: Anova,
}

/// Main effects and two-way interactions of params on a metric, over the runs where it is finite. `None` when nothing
/// varies, or when no param can be told from the others.
pub fn effects<'a>(runs: impl IntoIterator<Item = &'a Run>, params: &[String], metric: &str) -> Option<Effects> {
    let known = runs.into_iter().filter_map(|run| Some((run, run.metrics.get(metric)?)));
    let (runs, values): (Vec<&Run>, Vec<f64>) = known.filter(|(_, value)| value.is_finite()).unzip();
    let of_runs = |param: &String| Factor::new(param, &runs);
    let factors: Vec<Factor> = params.iter().map(of_runs).filter(|factor| factor.count > 1).collect();
    let (points, count) = points(&factors, runs.len());
    let drawn: Vec<bool> = factors.iter().map(|factor| factor.is_drawn(&points)).collect();
    let repeats = count < points.len();
    // The levels of a single one are told apart by repeats, however many they are.
    let single = drawn.iter().filter(|drawn| **drawn).count() < 2;
    let needed = if single && repeats { count > MOST_LEVELS } else { !single || runs.len() >= 2 * RUNS_A_RANGE };
    let ranges = (runs.len() / RUNS_A_RANGE).clamp(2, MOST_RANGES);
    let levels = |(factor, drawn): (&Factor, &bool)| match *drawn && needed {
        true => factor.cut(ranges),
        false => factor.levels.clone(),
    };
    let levels: Vec<Vec<usize>> = factors.iter().zip(&drawn).map(levels).collect();
    let anova = statistics::anova(&levels, &values).filter(|anova| !anova.effects.is_empty())?;
    let cut = factors.iter().zip(&drawn).filter(|(_, drawn)| **drawn && needed);
    Some(Effects {
        cut: cut.map(|(factor, _)| factor.param.clone()).collect(),
        params: factors.iter().map(|factor| factor.param.clone()).collect(),
        ranges,
        anova,
    })
}

const RUNS_A_RANGE: usize = 8;
const MOST_RANGES: usize = 8;
/// More levels than these say less than ranges do.
const MOST_LEVELS: usize = 64;

/// The combination of all factors' levels in each run, as one of so many.
fn points(factors: &[Factor<'_>], runs: usize) -> (Vec<usize>, usize) {
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let point = |run: usize| {
        let next = known.len();
        *known.entry(factors.iter().map(|factor| factor.levels[run]).collect()).or_insert(next)
    };
    ((0..runs).map(point).collect(), known.len())
}

/// A param's values in all runs.
struct Factor<'a> {
    param: String,
    /// `null` where there is none.
    values: Vec<&'a Value>,
    /// The value in each run, as one of `count`.
    levels: Vec<usize>,
    count: usize,
}

impl<'a> Factor<'a> {
    fn new(param: &str, runs: &[&'a Run]) -> Self {
        let values: Vec<&Value> = runs.iter().map(|run| run.params.get(param).unwrap_or(&Value::Null)).collect();
        // In the order of the runs.
        let mut known: HashMap<&Value, usize> = HashMap::new();
        let level = |value: &&'a Value| {
            let next = known.len();
            *known.entry(*value).or_insert(next)
        };
        let levels = values.iter().map(level).collect();
        Self { param: param.to_owned(), values, levels, count: known.len() }
    }

    /// Whether numbers were drawn rather than listed: most come up at one point only. What is listed comes up with
    /// several values of the others.
    fn is_drawn(&self, points: &[usize]) -> bool {
        const FEW: usize = 5;
        let mut at = vec![None; self.count];
        let mut several = vec![false; self.count];
        for (level, point) in self.levels.iter().zip(points) {
            several[*level] |= *at[*level].get_or_insert(*point) != *point;
        }
        let once = several.iter().filter(|several| !**several).count();
        let is_number = |value: &&Value| value.is_number() || value.is_null();
        self.count > FEW && 2 * once > self.count && self.values.iter().all(is_number)
    }

    /// Ranges of equally many numbers; what has none is a level of its own.
    fn cut(&self, ranges: usize) -> Vec<usize> {
        let numbers: Vec<f64> = self.values.iter().filter_map(|value| value.as_f64()).collect();
        let mut levels = statistics::bins(&numbers, ranges).into_iter();
        self.values.iter().map(|value| value.as_f64().and_then(|_| levels.next()).unwrap_or(ranges)).collect()
    }
}

impl Effects {
    /// `latent_dim`, `architecture × latent_dim`.
    pub fn name(&self, effect: &Effect) -> String {
        effect.factors.iter().map(|factor| self.params[*factor].as_str()).collect::<Vec<_>>().join(" × ")
    }

    /// The params by the share of variance that hangs on them, by themselves and together with another (the total
    /// effect up to second order), the largest first. Shares are corrected for noise where it is known; as interactions
    /// count for both, they may add up to more than 1.
    pub fn importance(&self) -> Vec<(&str, f64)> {
        let share = |effect: &Effect| effect.corrected_share.unwrap_or(effect.share);
        let of = |factor: usize| self.anova.effects.iter().filter(move |effect| effect.factors.contains(&factor));
        let params = self.params.iter().enumerate();
        let mut importance: Vec<(&str, f64)> =
            params.map(|(factor, param)| (param.as_str(), of(factor).map(share).sum())).collect();
        importance.sort_by(|a, b| b.1.total_cmp(&a.1));
        importance
    }

    /// `Of the variance of the test MSE: latent_dim 83 % (p < 0.001), ...; 5 % is left to chance.`
    pub fn sentence(&self, metric: &str) -> String {
        let mut effects: Vec<&Effect> = self.anova.effects.iter().collect();
        effects.sort_by_key(|effect| Reverse((effect.share * 1e9) as u64));
        let told = effects.iter().map(|effect| {
            let p = effect.test.map_or_else(String::new, |test| format!(" ({})", p_value(test.p)));
            format!("{} {}{p}", self.name(effect), percent(effect.share))
        });
        let told: Vec<String> = told.collect();
        format!(
            "Of the variance of the {}: {}; {}.{}",
            merit::title(metric),
            told.join(", "),
            self.rest(),
            self.remarks()
        )
    }

    /// What becomes of the variance that no effect explains.
    fn rest(&self) -> String {
        if self.anova.residual_freedom == 0 {
            return "without repeats this cannot be told from noise".to_owned();
        }
        let ranges = if self.cut.is_empty() { "" } else { ", to what varies within the ranges" };
        let together = match (self.anova.interactions, self.params.len()) {
            (true, ..=2) => "",
            (true, _) => " and to how three or more act together",
            (false, _) => " and to how they act together, which these runs do not tell apart",
        };
        format!("{} is left to chance{ranges}{together}", percent(self.residual_share()))
    }

    /// What a reader has to know of the shares.
    fn remarks(&self) -> String {
        const ROUNDING: f64 = 0.01;
        let mut remarks = String::new();
        if !self.cut.is_empty() {
            let (params, ranges) = (self.cut.join(" and "), self.ranges);
            remarks += &format!(" The numbers of {params} were cut into {ranges} ranges of equally many runs.");
        }
        let all: f64 = self.anova.effects.iter().map(|effect| effect.share).sum::<f64>() + self.residual_share();
        if (all - 1.0).abs() > ROUNDING {
            remarks += " The shares do not add up to 100 %: some combinations of values have more runs than others, so \
                        what two params explain together is counted for neither or for both.";
        }
        remarks
    }

    fn residual_share(&self) -> f64 {
        self.anova.residual_squares / self.anova.total_squares
    }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 1.0 { "< 1 %".to_owned() } else { format!("{percent:.0} %") }
}
