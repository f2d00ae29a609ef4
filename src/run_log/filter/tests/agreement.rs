//! The database and a description of the language agree on filters of all kinds.

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::*;
use crate::run_log::filter::syntax::{Check, Comparison, Literal, Name, Test, Value, is_plain_name};
use crate::run_log::{Filter, RunLog, RunRow};

/// A log of a few runs whose values collide often.
fn log_of(directory: &std::path::Path, runs: &[Sketch]) -> RunLog {
    let log = RunLog::open(&directory.join("runs.sqlite")).unwrap();
    log.connection
        .execute_batch(
            "INSERT INTO launches (number, id, experiment, file, status, host, started, provenance, config) VALUES
             (1, 'l1', 'dense', '', 'executed', 'h', '', '{}', '{}'), (2, 'L2', 'conv', '', 'executed', 'h', '', '{}', '{}')",
        )
        .unwrap();
    for (index, run) in runs.iter().enumerate() {
        let insert =
            "INSERT INTO runs (id, launch, experiment, variant, seed, status, started, params, tags, seconds, note)
            VALUES (?1, ?2, ?3, ?4, ?5, 'executed', ?6, ?7, ?8, ?9, ?10)";
        let second = index % 4;
        let started = if index % 2 == 0 {
            format!("2026-11-0{second}T00:00:00Z")
        } else {
            format!("2026-11-0{second}T00:00:00.5Z")
        };
        let launch = 1 + index % 2;
        let columns = rusqlite::params![
            format!("r{index}"),
            launch as i64,
            ["dense", "conv"][launch - 1],
            json!({ "p": run.params.get("p") }).to_string(),
            run.seed,
            started,
            Json::Object(run.params.clone()).to_string(),
            json!(run.tags).to_string(),
            run.seconds,
            run.note,
        ];
        log.connection.execute(insert, columns).unwrap();
        // Metrics come when a run ends.
        let metrics = Json::Object(run.metrics.clone()).to_string();
        log.connection.execute("UPDATE runs SET metrics = ?2 WHERE id = ?1", [format!("r{index}"), metrics]).unwrap();
    }
    log
}

/// What is drawn of a run.
#[derive(Debug, Clone)]
struct Sketch {
    params: Map<String, Json>,
    metrics: Map<String, Json>,
    tags: Vec<String>,
    seed: i64,
    seconds: Option<f64>,
    note: String,
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "ab", "A%", "b_", "it's", "", "true", "1"]).prop_map(str::to_owned)
}

fn sketch() -> impl Strategy<Value = Sketch> {
    let value = prop_oneof![
        (-1i64..3).prop_map(|value| json!(value)),
        (-1i64..3).prop_map(|value| json!(value as f64 / 2.0)),
        word().prop_map(|value| json!(value)),
        any::<bool>().prop_map(|value| json!(value)),
        Just(json!(["dense 64", "a"])),
    ];
    let metric = prop_oneof![(-1i64..3).prop_map(|value| json!(value as f64 / 2.0)), Just(Json::Null)];
    let params = prop::collection::btree_map(prop::sample::select(vec!["p", "q"]), value, 0..3);
    let metrics = prop::collection::btree_map(prop::sample::select(vec!["m.x", "m.y"]), metric, 0..3);
    let named = |map: std::collections::BTreeMap<&str, Json>| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    (params, metrics, prop::collection::vec(word(), 0..3), 0i64..3, prop::option::of(0i64..3), word()).prop_map(
        move |(params, metrics, tags, seed, seconds, note)| Sketch {
            params: named(params),
            metrics: named(metrics),
            tags,
            seed,
            seconds: seconds.map(|seconds| seconds as f64 / 2.0),
            note,
        },
    )
}

fn literal(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Literal> {
    value.prop_map(|value| Literal { value, range: 0..0 })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-2i64..3).prop_map(Value::Integer),
        (-2i64..3).prop_map(|value| Value::Float(value as f64 / 2.0)),
        word().prop_map(Value::Text),
        any::<bool>().prop_map(Value::Boolean),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    let names = vec!["p", "q", "m.x", "m.y", "tag", "seed", "seconds", "note", "experiment", "launch", "id", "param.p"];
    prop::sample::select(names).prop_map(|text| Name { text: text.to_owned(), range: 0..0 })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    use Comparison as C;
    prop::sample::select(vec![C::Equal, C::NotEqual, C::Less, C::LessOrEqual, C::Greater, C::GreaterOrEqual])
}

fn expression() -> impl Strategy<Value = Expr> {
    let check = prop_oneof![
        (comparison(), literal(value())).prop_map(|(comparison, literal)| Check::Compare(comparison, literal)),
        prop::collection::vec(literal(value()), 1..4).prop_map(Check::In),
        literal(word().prop_map(Value::Text)).prop_map(Check::Like),
        literal(word().prop_map(Value::Text)).prop_map(Check::Contains),
        Just(Check::Exists),
    ];
    let test = (name(), check).prop_map(|(name, check)| Expr::Test(Test { name, check }));
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::All),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Any),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

/// What the language's description says, on one run at a time.
fn holds(expression: &Expr, run: &RunRow) -> bool {
    match expression {
        Expr::All(parts) => parts.iter().all(|part| holds(part, run)),
        Expr::Any(parts) => parts.iter().any(|part| holds(part, run)),
        Expr::Not(denied) => !holds(denied, run),
        Expr::Test(Test { name, check }) => {
            let values = values(&name.text, run);
            let any = |check: &dyn Fn(&Json) -> bool| values.iter().any(check);
            match check {
                Check::Exists => !values.is_empty(),
                Check::Compare(Comparison::NotEqual, literal) => {
                    !any(&|value| compares(Comparison::Equal, value, literal))
                }
                Check::Compare(comparison, literal) => any(&|value| compares(*comparison, value, literal)),
                Check::In(literals) => {
                    any(&|value| literals.iter().any(|literal| compares(Comparison::Equal, value, literal)))
                }
                Check::Contains(literal) => {
                    let part = textual_of(literal).to_ascii_lowercase();
                    any(&|value| textual(value).is_some_and(|text| text.contains(&part)))
                }
                Check::Like(literal) => {
                    let pattern: Vec<char> = textual_of(literal).to_ascii_lowercase().chars().collect();
                    let fits = |text: String| matches(&pattern, &text.chars().collect::<Vec<_>>());
                    any(&|value| textual(value).is_some_and(fits))
                }
            }
        }
    }
}

fn values(name: &str, run: &RunRow) -> Vec<Json> {
    let of = |map: &Map<String, Json>, name: &str| map.get(name).filter(|value| !value.is_null()).cloned();
    let one = |value: Option<Json>| value.into_iter().collect();
    match name {
        "tag" => run.tags.iter().map(|tag| json!(tag)).collect(),
        "seed" => vec![json!(run.seed)],
        "seconds" => one(run.seconds.map(|seconds| json!(seconds))),
        "note" => one((!run.note.is_empty()).then(|| json!(run.note))),
        "experiment" => vec![json!(run.experiment)],
        "launch" => vec![json!(run.launch)],
        "id" => vec![json!(run.id)],
        name => one(of(&run.params, name.trim_start_matches("param.")).or_else(|| of(&run.metrics, name))),
    }
}

fn compares(comparison: Comparison, value: &Json, literal: &Literal) -> bool {
    use Comparison as C;
    match (value, &literal.value) {
        (Json::Bool(value), Value::Boolean(with)) => comparison == C::Equal && value == with,
        (Json::String(value), Value::Text(with)) => comparison == C::Equal && value == with,
        (Json::Array(_), Value::Text(with)) => comparison == C::Equal && &value.to_string() == with,
        (Json::Number(value), Value::Integer(_) | Value::Float(_)) => {
            let with = match literal.value {
                Value::Integer(number) => number as f64,
                Value::Float(number) => number,
                _ => unreachable!(),
            };
            let value = value.as_f64().unwrap();
            match comparison {
                C::Equal => value == with,
                C::NotEqual => value != with,
                C::Less => value < with,
                C::LessOrEqual => value <= with,
                C::Greater => value > with,
                C::GreaterOrEqual => value >= with,
            }
        }
        _ => false,
    }
}

/// Text in small letters.
fn textual(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.to_ascii_lowercase()),
        Json::Array(_) => Some(value.to_string().to_ascii_lowercase()),
        _ => None,
    }
}

fn textual_of(literal: &Literal) -> String {
    match &literal.value {
        Value::Text(text) => text.clone(),
        other => panic!("{other} is no pattern"),
    }
}

fn matches(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('%', rest)), _) => matches(rest, text) || !text.is_empty() && matches(pattern, &text[1..]),
        (Some(('_', rest)), Some((_, tail))) => matches(rest, tail),
        (Some((first, rest)), Some((other, tail))) => first == other && matches(rest, tail),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_filter_that_is_written_out_reads_the_same_again(expression in expression()) {
        let text = expression.to_string();
        prop_assert_eq!(parsed(&text).to_string(), text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[ a-z0-9'\"`()<>=!,.&|-]{0,40}|\\PC{0,20}") {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.to_string().is_empty());
        }
    }

    #[test]
    fn names_that_need_no_backticks_are_words(text in "\\PC{0,8}") {
        if is_plain_name(&text) {
            let expression = parsed(&format!("{text} exists"));
            prop_assert_eq!(expression.to_string(), format!("{text} exists"));
        }
    }
}

#[test]
fn the_database_agrees_with_the_description_of_the_language() {
    let runs = prop::collection::vec(sketch(), 1..12);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 20, ..ProptestConfig::default() });
    let accepted = std::cell::Cell::new(0);
    let result = runner.run(&(runs, prop::collection::vec(expression(), 60)), |(runs, expressions)| {
        let directory = tempfile::tempdir().unwrap();
        let log = log_of(directory.path(), &runs);
        let catalog = log.catalog().unwrap();
        let now = now();
        let all = log.runs(&Filter::default()).unwrap();
        for expression in expressions {
            let text = expression.to_string();
            // What makes no sense with the types in this log is refused.
            let Ok(condition) = (Reader { catalog: &catalog, now: &now }).condition("--where", &text) else { continue };
            accepted.set(accepted.get() + 1);
            let found = log.runs(&Filter { condition: Some(condition), ..Filter::default() }).unwrap();
            let expected: Vec<&RunRow> = all.iter().filter(|run| holds(&expression, run)).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", text);
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(accepted.get() > 100, "only {} filters made sense", accepted.get());
}
