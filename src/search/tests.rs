use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Better, Outcome, Proposal, Pruner, Sampler, Search, SearchError, Settings, Strategy as Pruning};
use crate::space::{Dimension, Domain};

fn dimension(param: &str, domain: Domain) -> Dimension {
    Dimension { param: param.to_owned(), domain, when: vec![] }
}

fn listed(values: Value) -> Domain {
    Domain::Values(values.as_array().expect("values are listed").clone())
}

fn settings(sampler: Sampler, trials: usize) -> Settings {
    let objectives = vec![Better::Lower];
    Settings { sampler, pruner: None, objectives, trials, batch: 1, seed: 7, startup: 10 }
}

/// A space with every kind of domain and a condition.
fn mixed() -> Vec<Dimension> {
    let only_conv = vec![("architecture".to_owned(), vec![json!("conv")])];
    vec![
        Dimension { when: only_conv, ..dimension("kernel", listed(json!([3, 5]))) },
        dimension("architecture", listed(json!(["dense", "conv"]))),
        dimension("rate", Domain::LogUniform { low: 1e-4, high: 1e-1 }),
        dimension("noise", Domain::Uniform { low: 0.0, high: 0.5 }),
        dimension("width", Domain::Integer { low: 1, high: 64, log: true }),
        dimension("depth", Domain::Integer { low: 1, high: 4, log: false }),
        dimension("shift", Domain::Normal { mean: 1.0, deviation: 2.0 }),
    ]
}

/// What the trials of the tests come to: nothing in particular, but it gets better with the resource.
fn loss(proposal: &Proposal) -> f64 {
    let point = &proposal.point;
    let number = |param: &str| point.get(param).and_then(Value::as_f64).unwrap_or_default();
    let kind = if point.get("architecture") == Some(&json!("conv")) { 0.0 } else { 0.3 };
    kind + (number("rate").ln() + 5.0).powi(2)
        + number("noise")
        + (number("width") - 20.0).abs() / 50.0
        + (number("depth") - 2.0).powi(2)
        + number("shift").abs() / 10.0
        + number("kernel") / 10.0
        + 1.0 / proposal.resource.unwrap_or(1) as f64
}

/// The whole search, round by round; `told` says how trials end.
fn rounds(search: &mut Search, mut told: impl FnMut(&Proposal) -> Outcome) -> Vec<Vec<Proposal>> {
    let mut rounds = vec![];
    loop {
        let round = search.ask();
        if round.is_empty() {
            return rounds;
        }
        for proposal in &round {
            search.tell(proposal.trial, proposal.resource, &told(proposal)).expect("it was asked for");
        }
        rounds.push(round);
    }
}

fn run(search: &mut Search) -> Vec<Vec<Proposal>> {
    rounds(search, |proposal| Outcome::Values(vec![loss(proposal)]))
}

fn new(space: Vec<Dimension>, settings: Settings) -> Search {
    Search::new(space, settings).expect("the search is right")
}

const HYPERBAND: Pruner = Pruner { strategy: Pruning::Hyperband, min: 1, max: 9, reduction: 3 };

fn pruner() -> impl Strategy<Value = Option<Pruner>> {
    let pruner = |strategy| Some(Pruner { strategy, ..HYPERBAND });
    let pruners = [None, pruner(Pruning::Halving), pruner(Pruning::Asha), pruner(Pruning::Hyperband)];
    prop::sample::select(pruners.to_vec())
}

fn sampler() -> impl Strategy<Value = Sampler> {
    prop::sample::select(vec![Sampler::Random, Sampler::Tpe])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_tells_in_a_round_changes_nothing(sampler in sampler(), pruner in pruner(), batch in 1usize..6, seed: u64) {
        let settings = Settings { pruner, batch, seed, startup: 4, ..settings(sampler, 25) };
        let (mut one, mut other) = (new(mixed(), settings.clone()), new(mixed(), settings));
        loop {
            let round = one.ask();
            prop_assert_eq!(&round, &other.ask());
            if round.is_empty() {
                break;
            }
            let tell = |search: &mut Search, proposal: &Proposal| {
                search.tell(proposal.trial, proposal.resource, &Outcome::Values(vec![loss(proposal)]))
            };
            for proposal in &round {
                tell(&mut one, proposal).expect("it was asked for");
            }
            for proposal in round.iter().rev() {
                tell(&mut other, proposal).expect("it was asked for");
                // Asking in between gives what is left.
                prop_assert!(!other.open().contains(proposal));
            }
        }
    }

    #[test]
    fn more_trials_keep_the_points_of_the_earlier_ones(sampler in sampler(), pruner in pruner(), batch in 1usize..6, more in 1usize..20) {
        let few = Settings { pruner, batch, startup: 4, ..settings(sampler, 12) };
        let many = Settings { trials: 12 + more, ..few.clone() };
        let points = |settings: Settings| {
            let mut search = new(mixed(), settings);
            run(&mut search);
            search.history().into_iter().map(|trial| trial.point).collect::<Vec<_>>()
        };
        prop_assert_eq!(&points(few)[..], &points(many)[..12]);
    }

    #[test]
    fn no_point_is_tried_twice_and_all_are_tried_before_the_search_ends(sampler in sampler(), pruner in pruner(), batch in 1usize..6, seed: u64) {
        let only_conv = vec![("architecture".to_owned(), vec![json!("conv")])];
        let space = vec![
            dimension("architecture", listed(json!(["dense", "conv", "none"]))),
            dimension("width", Domain::Integer { low: 1, high: 5, log: true }),
            Dimension { when: only_conv, ..dimension("kernel", listed(json!([3, 5, 7]))) },
            dimension("rate", Domain::Uniform { low: 0.5, high: 0.5 }),
        ];
        let mut search = new(space, Settings { pruner, batch, seed, startup: 4, ..settings(sampler, 1000) });
        run(&mut search);
        let points: BTreeSet<String> = search.history().iter().map(|trial| json!(trial.point).to_string()).collect();
        prop_assert_eq!((search.history().len(), points.len()), (25, 25));
        prop_assert!(search.is_exhausted());
    }

    #[test]
    fn failures_and_values_that_are_no_numbers_end_nothing_early(sampler in sampler(), pruner in pruner(), failing: u64) {
        let settings = Settings { pruner, batch: 3, startup: 2, ..settings(sampler, 20) };
        let mut search = new(mixed(), settings);
        rounds(&mut search, |proposal| match (failing >> (proposal.trial % 64)) % 4 {
            0 => Outcome::Values(vec![loss(proposal)]),
            1 => Outcome::Failed,
            2 => Outcome::Values(vec![f64::NAN]),
            _ => Outcome::Values(vec![f64::NEG_INFINITY]),
        });
        prop_assert_eq!(search.history().len(), 20);
        if let Some(best) = search.best() {
            prop_assert_eq!((failing >> (best.trial % 64)) % 4, 0);
        }
    }

    #[test]
    fn a_front_is_what_nothing_beats(values in prop::collection::vec((0i8..6, 0i8..6), 1..40)) {
        let space = vec![dimension("x", Domain::Uniform { low: 0.0, high: 1.0 })];
        let objectives = vec![Better::Lower, Better::Higher];
        let mut search = new(space, Settings { objectives, ..settings(Sampler::Tpe, values.len()) });
        let told = |proposal: &Proposal| values[proposal.trial];
        rounds(&mut search, |proposal| Outcome::Values(vec![told(proposal).0.into(), told(proposal).1.into()]));
        let beaten = |one: (i8, i8)| values.iter().any(|other| *other != one && other.0 <= one.0 && other.1 >= one.1);
        let front: Vec<usize> = (0..values.len()).filter(|trial| !beaten(values[*trial])).collect();
        prop_assert_eq!(search.front().iter().map(|trial| trial.trial).collect::<Vec<_>>(), front.clone());
        prop_assert!(front.contains(&search.best().expect("there are trials").trial));
    }
}

#[test]
fn params_whose_condition_does_not_hold_are_left_out() {
    let mut search = new(mixed(), settings(Sampler::Tpe, 40));
    run(&mut search);
    for trial in search.history() {
        assert_eq!(trial.point.contains_key("kernel"), trial.point["architecture"] == "conv");
    }
}

#[test]
fn a_search_that_is_done_again_with_the_same_results_goes_the_same_way() {
    let pruned = Settings { pruner: Some(HYPERBAND), batch: 3, ..settings(Sampler::Tpe, 30) };
    let (mut one, mut other) = (new(mixed(), pruned.clone()), new(mixed(), pruned));
    assert_eq!(run(&mut one), run(&mut other));
    assert_eq!(one.history(), other.history());
}

#[test]
fn what_is_left_of_a_round_is_asked_again() {
    let mut search = new(mixed(), Settings { batch: 3, ..settings(Sampler::Random, 10) });
    let round = search.ask();
    search.tell(1, None, &Outcome::Failed).expect("it was asked for");
    assert_eq!(search.ask(), [round[0].clone(), round[2].clone()]);
    assert_eq!(search.tell(1, None, &Outcome::Failed), Err(SearchError::NotAsked { trial: 1 }));
    assert_eq!(search.tell(3, None, &Outcome::Failed), Err(SearchError::NotAsked { trial: 3 }));
    assert_eq!(search.tell(0, Some(1), &Outcome::Failed), Err(SearchError::NotAsked { trial: 0 }));
    let two = Outcome::Values(vec![1.0, 2.0]);
    assert_eq!(search.tell(0, None, &two), Err(SearchError::Objectives { trial: 0, given: 2, needed: 1 }));
    search.tell(0, None, &Outcome::Values(vec![0.5])).expect("it is still open");
}

#[test]
fn a_promoted_trial_keeps_its_point_and_gets_more_of_the_resource() {
    let mut search = new(mixed(), Settings { pruner: Some(HYPERBAND), batch: 4, ..settings(Sampler::Tpe, 20) });
    let mut before: BTreeMap<usize, Proposal> = BTreeMap::new();
    for proposal in run(&mut search).into_iter().flatten() {
        if let Some(before) = before.get(&proposal.trial) {
            assert_eq!(proposal.point, before.point);
            assert_eq!(proposal.resource.expect("there is a pruner"), 3 * before.resource.expect("there is a pruner"));
        }
        before.insert(proposal.trial, proposal);
    }
    assert!(search.front().iter().all(|trial| trial.outcomes.iter().any(|(resource, _)| *resource == Some(9))));
}

#[test]
fn higher_is_better_if_said_so() {
    let space = || vec![dimension("x", Domain::Uniform { low: -1.0, high: 1.0 })];
    let found = |better, sign: f64| {
        let mut search = new(space(), Settings { objectives: vec![better], ..settings(Sampler::Tpe, 40) });
        rounds(&mut search, |proposal| {
            Outcome::Values(vec![sign * proposal.point["x"].as_f64().expect("a number").powi(2)])
        });
        search.best().expect("there are trials").point
    };
    assert_eq!(found(Better::Lower, 1.0), found(Better::Higher, -1.0));
}

#[test]
fn tpe_comes_closer_than_random_draws() {
    let space = vec![
        dimension("x", Domain::Uniform { low: 0.0, high: 1.0 }),
        dimension("y", Domain::LogUniform { low: 1e-6, high: 1.0 }),
    ];
    let value = |proposal: &Proposal| {
        let [x, y] = ["x", "y"].map(|param| proposal.point[param].as_f64().expect("a number"));
        (x - 0.7).powi(2) + (y.log10() + 4.0).powi(2)
    };
    let median = |sampler| {
        let mut found: Vec<f64> = (0..9)
            .map(|seed| {
                let mut search = new(space.clone(), Settings { seed, ..settings(sampler, 60) });
                let all: Vec<Proposal> =
                    rounds(&mut search, |proposal| Outcome::Values(vec![value(proposal)])).concat();
                all.iter().map(value).fold(f64::INFINITY, f64::min)
            })
            .collect();
        found.sort_by(f64::total_cmp);
        found[4]
    };
    assert!(
        median(Sampler::Tpe) < median(Sampler::Random) / 5.0,
        "{} {}",
        median(Sampler::Tpe),
        median(Sampler::Random)
    );
}

#[test]
fn several_objectives_spread_over_the_front() {
    let space = vec![
        dimension("x", Domain::Uniform { low: -2.0, high: 4.0 }),
        dimension("y", Domain::Uniform { low: -2.0, high: 2.0 }),
    ];
    let objectives = vec![Better::Lower; 2];
    let mut search = new(space, Settings { objectives, ..settings(Sampler::Tpe, 100) });
    // The front is y = 0, x from 0 to 2.
    rounds(&mut search, |proposal| {
        let [x, y] = ["x", "y"].map(|param| proposal.point[param].as_f64().expect("a number"));
        Outcome::Values(vec![x * x + y * y, (x - 2.0).powi(2) + y * y])
    });
    let xs: Vec<f64> = search.front().iter().map(|trial| trial.point["x"].as_f64().expect("a number")).collect();
    assert!(xs.len() > 15, "{xs:?}");
    assert!(
        xs.iter().any(|x| *x < 0.4) && xs.iter().any(|x| (0.8..1.2).contains(x)) && xs.iter().any(|x| *x > 1.6),
        "{xs:?}"
    );
}

#[test]
fn a_space_that_cannot_be_searched_says_why() {
    let of =
        |space: Vec<Dimension>| Search::new(space, settings(Sampler::Random, 5)).expect_err("it is wrong").to_string();
    let one = |domain| of(vec![dimension("x", domain)]);
    let on = |param: &str, on: &str| Dimension {
        when: vec![(on.to_owned(), vec![json!(1)])],
        ..dimension(param, listed(json!([1, 2])))
    };
    assert_eq!(of(vec![]), "there is nothing to vary");
    assert_eq!(of(vec![dimension("x", listed(json!([1]))), dimension("x", listed(json!([2])))]), "`x` is varied twice");
    assert_eq!(one(listed(json!([]))), "`x` has no values");
    assert_eq!(one(listed(json!([1, 2, 1]))), "`x` has a value twice");
    assert_eq!(one(Domain::Uniform { low: 1.0, high: 0.0 }), "`x` has no finite range from low to high");
    assert_eq!(one(Domain::Uniform { low: f64::NAN, high: 0.0 }), "`x` has no finite range from low to high");
    assert_eq!(
        one(Domain::LogUniform { low: 0.0, high: 1.0 }),
        "`x` has a logarithmic range that begins at zero or below"
    );
    assert_eq!(
        one(Domain::Integer { low: 0, high: 4, log: true }),
        "`x` has a logarithmic range that begins at zero or below"
    );
    assert_eq!(one(Domain::Integer { low: 3, high: 2, log: false }), "`x` has a range whose low is above its high");
    assert_eq!(
        one(Domain::Normal { mean: 0.0, deviation: -1.0 }),
        "`x` has no finite mean with a deviation of zero or above"
    );
    assert_eq!(of(vec![on("x", "y")]), "`x` depends on `y`, which is not varied");
    assert_eq!(of(vec![on("x", "y"), on("y", "x")]), "whether `x` is varied depends on itself");
}

#[test]
fn settings_that_make_no_search_say_why() {
    let with = |settings| Search::new(mixed(), settings).expect_err("it is wrong").to_string();
    let random = settings(Sampler::Random, 5);
    assert_eq!(with(Settings { objectives: vec![], ..random.clone() }), "there is no objective");
    assert_eq!(with(Settings { trials: 0, ..random.clone() }), "there are no trials");
    assert_eq!(with(Settings { batch: 0, ..random.clone() }), "a round has no trials");
    let pruned = |pruner| with(Settings { pruner: Some(pruner), ..random.clone() });
    assert_eq!(pruned(Pruner { reduction: 1, ..HYPERBAND }), "the reduction is below 2");
    assert_eq!(pruned(Pruner { min: 0, ..HYPERBAND }), "the least resource is not between 1 and the most");
    assert_eq!(pruned(Pruner { min: 10, ..HYPERBAND }), "the least resource is not between 1 and the most");
}

#[test]
fn spaces_of_one_point_are_searched_with_one_trial() {
    for domain in [
        listed(json!(["only"])),
        Domain::Uniform { low: 2.0, high: 2.0 },
        Domain::LogUniform { low: 2.0, high: 2.0 },
        Domain::Integer { low: i64::MAX, high: i64::MAX, log: false },
        Domain::Integer { low: 2, high: 2, log: true },
        Domain::Normal { mean: 2.0, deviation: 0.0 },
    ] {
        let mut search = new(vec![dimension("x", domain)], settings(Sampler::Tpe, 5));
        assert_eq!(run(&mut search).len(), 1);
        assert!(search.is_exhausted());
    }
}

#[test]
fn a_range_too_narrow_for_the_trials_ends_the_search() {
    let narrow = Domain::Uniform { low: 2.0, high: 2.0 + 4.0 * f64::EPSILON };
    let mut search = new(vec![dimension("x", narrow)], settings(Sampler::Tpe, 50));
    assert!(run(&mut search).len() < 6 && search.is_exhausted());
}

#[test]
fn the_widest_domains_are_drawn_from() {
    let space = vec![
        dimension("whole", Domain::Integer { low: i64::MIN, high: i64::MAX, log: false }),
        dimension("log", Domain::Integer { low: 1, high: i64::MAX, log: true }),
        dimension("float", Domain::LogUniform { low: f64::MIN_POSITIVE, high: f64::MAX }),
    ];
    let mut search = new(space, settings(Sampler::Tpe, 30));
    run(&mut search);
    assert_eq!(search.history().len(), 30);
}
