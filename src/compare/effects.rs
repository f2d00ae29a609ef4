//! What each param has to do with a metric.

use std::cmp::Reverse;

use crate::compare::Run;
use crate::compare::factors::{self, Factor};
use crate::compare::words::p_value;
use crate::merit;
use crate::statistics::{self, Anova, Effect};

/// How much of a metric's variance params explain.
#[derive(Debug, Clone)]
pub struct Effects {
    /// What the effects' factors are, by index: params, or `latent_dim with batch` for such as cannot be told apart.
    pub factors: Vec<String>,
    /// Params that cannot be told apart, since the value of one goes with the same value of another throughout.
    pub inseparable: Vec<Vec<String>>,
    /// Those whose numbers were drawn rather than listed, and were cut into ranges of equally many points, over whose
    /// seeds the metric was averaged.
    pub cut: Vec<String>,
    /// How many ranges that are.
    pub ranges: usize,
    pub anova: Anova,
}

/// Main effects and two-way interactions of params on a metric, over the runs where it is finite. `None` when nothing
/// varies, or all does at once.
pub fn effects<'a>(runs: impl IntoIterator<Item = &'a Run>, params: &[String], metric: &str) -> Option<Effects> {
    let known = runs.into_iter().filter_map(|run| Some((run, run.metrics.get(metric)?)));
    let (runs, mut values): (Vec<&Run>, Vec<f64>) = known.filter(|(_, value)| value.is_finite()).unzip();
    let (mut factors, points, count) = factors::of_runs(params, &runs);
    // Longer lists are cut into ranges either way.
    if count <= MOST_LEVELS {
        factors = factors::merged(factors, |one, other| one.is_drawn && one.is_in_step_with(other));
    }
    // The levels of a single one are told apart by repeats, however many they are. Each of several goes with one
    // value of the others only.
    let single = if count < runs.len() { count > MOST_LEVELS } else { count >= 2 * POINTS_A_RANGE };
    let is_cut = (factors.len() > 1 || single) && factors.iter().any(|factor| factor.is_drawn);
    let ranges = (count / POINTS_A_RANGE).clamp(2, MOST_RANGES);
    let mut cut = Vec::new();
    if is_cut {
        // The seeds of a point share all that its ranges do not tell of it: they are no runs of their own.
        let firsts;
        (firsts, values) = averaged(&points, count, &values);
        cut = factors.iter().filter(|factor| factor.is_drawn).map(Factor::name).collect();
        let ranged = |factor: Factor<'a>| if factor.is_drawn { factor.cut(ranges) } else { factor };
        factors = factors.into_iter().map(|factor| ranged(factor.at(&firsts))).collect();
    }
    let factors = factors::merged(factors, Factor::determines);
    let levels: Vec<Vec<usize>> = factors.iter().map(|factor| factor.levels.clone()).collect();
    let is_nested = |inner: usize, outer: usize| factors[inner].is_conditional_on(&factors[outer]);
    // One factor that has a level of its own for every run explains them all, and nothing.
    let tells = |anova: &Anova| !anova.effects.is_empty() && (factors.len() > 1 || anova.residual_freedom > 0);
    let anova = statistics::anova(&levels, is_nested, &values).filter(tells)?;
    let several = factors.iter().filter(|factor| factor.params.len() > 1);
    let inseparable = several.map(|factor| factor.params.clone()).collect();
    Some(Effects { factors: factors.iter().map(Factor::name).collect(), inseparable, cut, ranges, anova })
}

const POINTS_A_RANGE: usize = 8;
const MOST_RANGES: usize = 8;
/// More levels than these say less than ranges do.
const MOST_LEVELS: usize = 64;

/// Of each point its first run and the mean of its values.
fn averaged(points: &[usize], count: usize, values: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let mut firsts = vec![usize::MAX; count];
    let mut sums = vec![(0.0, 0.0); count];
    for (run, (point, value)) in points.iter().zip(values).enumerate() {
        firsts[*point] = firsts[*point].min(run);
        sums[*point].0 += value;
        sums[*point].1 += 1.0;
    }
    (firsts, sums.into_iter().map(|(sum, count)| sum / count).collect())
}

impl Effects {
    /// `latent_dim`, `architecture × latent_dim`, `activation × (latent_dim with batch)`.
    pub fn name(&self, effect: &Effect) -> String {
        let name = |factor: &usize| match &self.factors[*factor] {
            several if effect.factors.len() > 1 && several.contains(' ') => format!("({several})"),
            name => name.clone(),
        };
        effect.factors.iter().map(name).collect::<Vec<_>>().join(" × ")
    }

    /// Whether they are those of more than one param.
    pub fn are_of_several(&self) -> bool {
        self.factors.len() > 1 || !self.inseparable.is_empty()
    }

    /// The factors by the share of variance that hangs on them, by themselves and together with another (the total
    /// effect up to second order), the largest first. Shares are corrected for noise where it is known; as interactions
    /// count for both, they may add up to more than 1.
    pub fn importance(&self) -> Vec<(&str, f64)> {
        let share = |effect: &Effect| effect.corrected_share.unwrap_or(effect.share);
        let of = |factor: usize| self.anova.effects.iter().filter(move |effect| effect.factors.contains(&factor));
        // An empty sum of floats is -0.
        let sum = |factor: usize| of(factor).map(share).fold(0.0, |sum, share| sum + share);
        let factors = self.factors.iter().enumerate();
        let mut importance: Vec<(&str, f64)> = factors.map(|(at, name)| (name.as_str(), sum(at))).collect();
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
            let more = if self.cut.is_empty() { "repeats" } else { "more points" };
            return format!("without {more} this cannot be told from noise");
        }
        let ranges = if self.cut.is_empty() { "" } else { ", to what varies within the ranges" };
        let together = match (self.anova.interactions, self.factors.len()) {
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
            remarks += &format!(" The numbers of {params} were cut into {ranges} ranges of equally many points.");
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
