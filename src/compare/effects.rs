//! What each param has to do with a metric.

use std::cmp::Reverse;
use std::collections::BTreeSet;

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
    /// Those whose numbers are too many to have repeats, and were cut into ranges of equally many runs.
    pub cut: Vec<String>,
    pub anova: Anova,
}

/// Main effects and two-way interactions of params on a metric, over the runs where it is finite. `None` when nothing
/// varies or no param has two values.
pub fn effects(runs: &[Run], params: &[String], metric: &str) -> Option<Effects> {
    let known = runs.iter().filter_map(|run| Some((run, *run.metrics.get(metric)?)));
    let (runs, values): (Vec<&Run>, Vec<f64>) = known.filter(|(_, value)| value.is_finite()).unzip();
    let mut found = Effects { params: Vec::new(), cut: Vec::new(), anova: Anova::default() };
    let mut factors = Vec::new();
    for param in params {
        let of_run: Vec<&Value> = runs.iter().map(|run| run.params.get(param).unwrap_or(&Value::Null)).collect();
        let distinct: BTreeSet<String> = of_run.iter().map(|value| value.to_string()).collect();
        if distinct.len() < 2 {
            continue;
        }
        let levels = match too_many(&of_run, distinct.len()) {
            true => {
                found.cut.push(param.clone());
                cut(&of_run)
            }
            false => {
                let ordered: Vec<&String> = distinct.iter().collect();
                of_run.iter().map(|value| ordered.partition_point(|known| **known < value.to_string())).collect()
            }
        };
        found.params.push(param.clone());
        factors.push(levels);
    }
    found.anova = statistics::anova(&factors, &values)?;
    Some(found)
}

/// Whether numbers were drawn rather than listed: most of them come up only once or twice.
fn too_many(values: &[&Value], distinct: usize) -> bool {
    const FEW: usize = 5;
    distinct > FEW && 3 * distinct > values.len() && values.iter().all(|value| value.is_number() || value.is_null())
}

/// Ranges of equally many numbers; what has none is a level of its own.
fn cut(values: &[&Value]) -> Vec<usize> {
    const RUNS_A_RANGE: usize = 8;
    const MOST_RANGES: usize = 8;
    let ranges = (values.len() / RUNS_A_RANGE).clamp(2, MOST_RANGES);
    let numbers: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
    let mut levels = statistics::bins(&numbers, ranges).into_iter();
    values.iter().map(|value| value.as_f64().and_then(|_| levels.next()).unwrap_or(ranges)).collect()
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
        let rest = match (self.anova.residual_freedom, self.anova.interactions || self.params.len() < 2) {
            (0, _) => "without repeats this cannot be told from noise".to_owned(),
            (_, true) => format!("{} is left to chance", percent(self.residual_share())),
            (_, false) => format!(
                "{} is left to chance and to how they act together, which takes repeats to tell apart",
                percent(self.residual_share())
            ),
        };
        format!("Of the variance of the {}: {}; {rest}.", merit::title(metric), told.join(", "))
    }

    fn residual_share(&self) -> f64 {
        self.anova.residual_squares / self.anova.total_squares
    }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 1.0 { "< 1 %".to_owned() } else { format!("{percent:.0} %") }
}
