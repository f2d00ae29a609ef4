//! Searches on the test functions of `benches/search/functions.py`: one JSON line a search, with the best value found.
//! `benches/search/compare.py` sets them beside Optuna's.
//!
//!     cargo bench --bench search -- [--trials 100] [--first 0] [--seeds 20] [--random] [FUNCTION ...]

use std::f64::consts::{E, PI};

use pipeline::search::{Better, Outcome, Sampler, Search, Settings};
use pipeline::space::{Dimension, Domain};
use serde_json::{Map, Value, json};

type Point = Map<String, Value>;

/// A function to be made small, and where it is defined.
struct Function {
    name: &'static str,
    space: Vec<Dimension>,
    value: fn(&Point) -> f64,
}

fn number(point: &Point, param: &str) -> f64 {
    point[param].as_f64().expect("the param is a number")
}

/// The numbers of a point of `floats`.
fn numbers(point: &Point) -> Vec<f64> {
    (0..point.len()).map(|place| number(point, &format!("x{place}"))).collect()
}

fn branin(point: &Point) -> f64 {
    let (x, y) = (number(point, "x0"), number(point, "x1"));
    (y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0).powi(2) + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0
}

fn hartmann6(point: &Point) -> f64 {
    const ALPHA: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
        [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
        [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
        [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
    ];
    let x = numbers(point);
    let inner = |row: usize| (0..6).map(|at| A[row][at] * (x[at] - P[row][at] * 1e-4).powi(2)).sum::<f64>();
    -(0..4).map(|row| ALPHA[row] * (-inner(row)).exp()).sum::<f64>()
}

fn rosenbrock(point: &Point) -> f64 {
    numbers(point).windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

fn ackley(point: &Point) -> f64 {
    let x = numbers(point);
    let mean = |of: fn(f64) -> f64| x.iter().map(|at| of(*at)).sum::<f64>() / x.len() as f64;
    let waves = mean(|at| (2.0 * PI * at).cos());
    -20.0 * (-0.2 * mean(|at| at * at).sqrt()).exp() - waves.exp() + 20.0 + E
}

fn styblinski_tang(point: &Point) -> f64 {
    numbers(point).iter().map(|at| at.powi(4) - 16.0 * at * at + 5.0 * at).sum::<f64>() / 2.0
}

fn levy(point: &Point) -> f64 {
    let w: Vec<f64> = numbers(point).iter().map(|at| 1.0 + (at - 1.0) / 4.0).collect();
    let (last, others) = w.split_last().expect("there is a number");
    let middle = others.iter().map(|at| (at - 1.0).powi(2) * (1.0 + 10.0 * (PI * at + 1.0).sin().powi(2)));
    let end = (last - 1.0).powi(2) * (1.0 + (2.0 * PI * last).sin().powi(2));
    (PI * w[0]).sin().powi(2) + middle.sum::<f64>() + end
}

fn michalewicz(point: &Point) -> f64 {
    let term = |(place, at): (usize, f64)| at.sin() * ((place + 1) as f64 * at * at / PI).sin().powi(20);
    -numbers(point).into_iter().enumerate().map(term).sum::<f64>()
}

fn dixon_price(point: &Point) -> f64 {
    let x = numbers(point);
    let term = |(place, pair): (usize, &[f64])| (place + 2) as f64 * (2.0 * pair[1] * pair[1] - pair[0]).powi(2);
    (x[0] - 1.0).powi(2) + x.windows(2).enumerate().map(term).sum::<f64>()
}

fn mixed(point: &Point) -> f64 {
    let kind = ["sgd", "adam", "rmsprop"].iter().position(|kind| point["kind"] == *kind).expect("the kind is listed");
    let rate = number(point, "rate").log10() - [-1.0, -3.0, -3.5][kind];
    let width = number(point, "width").log2() - 6.0;
    let rest = number(point, "rest") - 0.2;
    [0.3, 0.0, 0.1][kind] + rate * rate + width * width / 8.0 + 2.0 * rest * rest + 0.2 * rate.abs() * width.abs()
}

fn conditional(point: &Point) -> f64 {
    let rate = number(point, "rate").log10() + 3.0;
    let loss = if point["architecture"] == "dense" {
        let (layers, width) = (number(point, "layers") - 2.0, number(point, "width").log2() - 7.0);
        0.2 + layers * layers / 8.0 + width * width / 8.0
    } else {
        let kernel = [1, 3, 5, 7].iter().position(|size| point["kernel"] == *size).expect("the kernel is listed");
        [0.5, 0.0, 0.1, 0.3][kernel] + ((number(point, "channels") - 24.0) / 16.0).powi(2)
    };
    loss + rate * rate / 2.0
}

fn dimension(param: &str, domain: Domain) -> Dimension {
    Dimension { param: param.to_owned(), domain, when: vec![] }
}

/// Ranges `x0`, `x1`, ...
fn floats(ranges: &[(f64, f64)]) -> Vec<Dimension> {
    let range = |(place, (low, high)): (usize, &(f64, f64))| {
        dimension(&format!("x{place}"), Domain::Uniform { low: *low, high: *high })
    };
    ranges.iter().enumerate().map(range).collect()
}

fn listed(values: Value) -> Domain {
    Domain::Values(values.as_array().expect("values are listed").clone())
}

fn functions() -> Vec<Function> {
    let function = |name, ranges: &[(f64, f64)], value| Function { name, space: floats(ranges), value };
    let width = Domain::Integer { low: 4, high: 512, log: true };
    let only = |param, domain, architecture: &str| Dimension {
        when: vec![("architecture".to_owned(), vec![architecture.into()])],
        ..dimension(param, domain)
    };
    vec![
        function("branin", &[(-5.0, 10.0), (0.0, 15.0)], branin),
        function("hartmann6", &[(0.0, 1.0); 6], hartmann6),
        function("rosenbrock2", &[(-5.0, 10.0); 2], rosenbrock),
        function("rosenbrock4", &[(-5.0, 10.0); 4], rosenbrock),
        function("ackley5", &[(-32.768, 32.768); 5], ackley),
        function("styblinski_tang4", &[(-5.0, 5.0); 4], styblinski_tang),
        function("levy4", &[(-10.0, 10.0); 4], levy),
        Function {
            name: "mixed",
            space: vec![
                dimension("kind", listed(json!(["sgd", "adam", "rmsprop"]))),
                dimension("width", width.clone()),
                dimension("rate", Domain::LogUniform { low: 1e-5, high: 1.0 }),
                dimension("rest", Domain::Uniform { low: 0.0, high: 0.9 }),
            ],
            value: mixed,
        },
        Function {
            name: "conditional",
            space: vec![
                dimension("architecture", listed(json!(["dense", "conv"]))),
                only("layers", Domain::Integer { low: 1, high: 6, log: false }, "dense"),
                only("width", width, "dense"),
                only("kernel", listed(json!([1, 3, 5, 7])), "conv"),
                only("channels", Domain::Integer { low: 2, high: 64, log: false }, "conv"),
                dimension("rate", Domain::LogUniform { low: 1e-5, high: 1e-1 }),
            ],
            value: conditional,
        },
        function("michalewicz5", &[(0.0, PI); 5], michalewicz),
        function("dixon_price4", &[(-10.0, 10.0); 4], dixon_price),
    ]
}

/// The least value that a search finds.
fn best(function: &Function, sampler: Sampler, seed: u64, trials: usize) -> f64 {
    let objectives = vec![Better::Lower];
    let settings = Settings { sampler, pruner: None, objectives, trials, batch: 1, seed, startup: 10 };
    let mut search = Search::new(function.space.clone(), settings).expect("the space is right");
    let mut best = f64::INFINITY;
    loop {
        let round = search.ask();
        if round.is_empty() {
            return best;
        }
        for proposal in round {
            let value = (function.value)(&proposal.point);
            best = best.min(value);
            search.tell(proposal.trial, None, &Outcome::Values(vec![value])).expect("it was asked for");
        }
    }
}

fn main() {
    let (mut trials, mut first, mut seeds, mut sampler, mut names) = (100, 0, 20, Sampler::Tpe, vec![]);
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).expect("a number follows");
        match argument.as_str() {
            "--trials" => trials = number(),
            "--first" => first = number(),
            "--seeds" => seeds = number(),
            "--random" => sampler = Sampler::Random,
            _ => names.push(argument),
        }
    }
    for function in
        functions().iter().filter(|function| names.is_empty() || names.iter().any(|name| name == function.name))
    {
        for seed in first..first + seeds {
            let best = best(function, sampler, seed as u64, trials);
            let name = if sampler == Sampler::Tpe { "pipeline" } else { "random" };
            println!("{}", json!({"function": function.name, "sampler": name, "seed": seed, "best": best}));
        }
    }
}
