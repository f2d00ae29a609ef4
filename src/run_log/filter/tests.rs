use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::syntax::{Check, Comparison, Expr, Literal, Name, Test, Value, is_plain_name};
use super::*;
use crate::run_log::{Filter, RunLog, RunRow};

fn now() -> Zoned {
    date(2026, 11, 22).at(13, 40, 0, 0).in_tz("UTC").unwrap()
}

fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let names = [
        ("param", "latent_dim", "number"),
        ("param", "activation", "text"),
        ("param", "batch_norm", "boolean"),
        ("param", "encoder", "list"),
        ("param", "seed", "number"),
        ("metric", "classifier.test_accuracy", "number"),
        ("metric", "classifier.probe.test_accuracy", "number"),
        ("metric", "evaluate.mse", "number"),
        ("tag", "tag", "text"),
    ];
    for (number, (kind, name, value_type)) in names.into_iter().enumerate() {
        catalog.add(number as i64 + 1, kind, name.to_owned(), value_type);
    }
    catalog
}

fn parsed(text: &str) -> Expr {
    let place = Place::of("--where", text, &mut Sources::default());
    parse::parse(text, place).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

fn wrong(text: &str) -> String {
    let catalog = catalog();
    let now = now();
    match (Reader { catalog: &catalog, now: &now }).condition("--where", text) {
        Ok(condition) => panic!("{text} is {condition:?}"),
        Err(problems) => problems.to_string(),
    }
}

fn in_sql(text: &str) -> String {
    let catalog = catalog();
    let now = now();
    let reader = Reader { catalog: &catalog, now: &now };
    let condition = reader.condition("--where", text).unwrap_or_else(|problems| panic!("{problems}"));
    let mut sql = Sql::default();
    sql.condition(&condition);
    sql.text
}

#[test]
fn and_binds_more_closely_than_or() {
    let text = |text: &str| parsed(text).to_string();
    assert_eq!(text("a = 1 or b = 2 AND not c>3"), "a = 1 or (b = 2 and not c > 3)");
    assert_eq!(text("(a = 1 or b <> 2) and c == -1e-3"), "(a = 1 or b != 2) and c = -0.001");
    assert_eq!(text("a.b-c is missing or d is not missing"), "not a.b-c exists or d exists");
    assert_eq!(text("tag not in ('it''s', \"x\") and `in` exists"), "not tag in ('it''s', 'x') and `in` exists");
    assert_eq!(text("started > 2d and started <= 2026-11-22"), "started > '2d' and started <= '2026-11-22'");
}

#[test]
fn values_are_bound_and_never_part_of_the_sql() {
    insta::assert_snapshot!(in_sql("latent_dim >= 16 and classifier.test_accuracy > 0.97 and tag = 'pa''per'"), @"(runs.number IN (SELECT run FROM facts WHERE name IN (1) AND value >= ?) AND runs.number IN (SELECT run FROM facts WHERE name IN (6) AND value > ?) AND runs.number IN (SELECT run FROM facts WHERE name IN (9) AND value = ?))");
    insta::assert_snapshot!(in_sql("seed in (1, 2) and param.seed != 3 and launch contains 'x'"), @"(((runs.seed IN (?, ?)) IS TRUE) AND NOT runs.number IN (SELECT run FROM facts WHERE name IN (5) AND value = ?) AND runs.launch IN (SELECT number FROM launches WHERE instr(lower(id), lower(?)) > 0))");
}

#[test]
fn syntax_errors_are_underlined_and_say_what_to_do() {
    let texts = [
        "",
        "latent_dim >= ",
        "latent_dim >= 16 tag = 'paper'",
        "latent_dim => 16",
        "latent_dim >= 16 && tag = 'paper'",
        "tag = paper",
        "tag = 'paper",
        "(latent_dim = 2 or latent_dim = 8",
        "latent_dim = 2)",
        "16 <= latent_dim",
        "latent_dim in 2, 8",
        "started > 7 days ago",
        "latent_dim is null",
        "latent_dim liek 'x'",
        "not",
    ];
    insta::assert_snapshot!(texts.map(wrong).join("\n"), @r"
    error[filter-syntax]: the filter is empty
     --> command line:1:9
      |
    1 | --where 
      |         ^
      |
      = help: write one like `latent_dim >= 16 and tag = 'paper'`

    error[filter-syntax]: the filter ends where a value should be
     --> command line:1:22
      |
    1 | --where latent_dim >= 
      |                      ^ ends here
      |
      = help: write one, as in `>= 0.5` or `>= 'text'`

    error[filter-syntax]: expected `and` or `or`, found `tag`
     --> command line:1:26
      |
    1 | --where latent_dim >= 16 tag = 'paper'
      |                          ^^^
      |
      = help: put `and` or `or` between conditions

    error[filter-syntax]: expected a value, found `>`
     --> command line:1:21
      |
    1 | --where latent_dim => 16
      |                     ^
      |
      = help: a comparison is one of = != < <= > >=

    error[filter-syntax]: `&&` means nothing in a filter
     --> command line:1:26
      |
    1 | --where latent_dim >= 16 && tag = 'paper'
      |                          ^^
      |
      = help: write `and`

    error[filter-syntax]: `paper` is not a value
     --> command line:1:15
      |
    1 | --where tag = paper
      |               ^^^^^
      |
      = help: put text between quotes: 'paper'

    error[filter-syntax]: a quote is never closed
     --> command line:1:15
      |
    1 | --where tag = 'paper
      |               ^^^^^^ begins here
      |
      = help: close it with '; a quote inside the text is written twice

    error[filter-syntax]: a `(` is never closed
     --> command line:1:9
      |
    1 | --where (latent_dim = 2 or latent_dim = 8
      |         ^ opened here
      |
      = help: close it with `)`

    error[filter-syntax]: this `)` closes nothing
     --> command line:1:23
      |
    1 | --where latent_dim = 2)
      |                       ^
      |
      = help: remove it, or open it with `(` before

    error[filter-syntax]: `16` is a value where a name should be
     --> command line:1:9
      |
    1 | --where 16 <= latent_dim
      |         ^^
      |
      = help: write the name first: `latent_dim >= 16`

    error[filter-syntax]: expected `(`, found `2`
     --> command line:1:23
      |
    1 | --where latent_dim in 2, 8
      |                       ^
      |
      = help: write the values between parentheses: `in (2, 8, 32)`

    error[filter-syntax]: expected `and` or `or`, found `days`
     --> command line:1:21
      |
    1 | --where started > 7 days ago
      |                     ^^^^
      |
      = help: put the time between quotes: '7 days ago'

    error[filter-syntax]: expected `missing`, found `null`
     --> command line:1:23
      |
    1 | --where latent_dim is null
      |                       ^^^^
      |
      = help: write `is missing`, `is not missing`, or compare with `=`

    error[filter-syntax]: expected a comparison after `latent_dim`, found `liek`
     --> command line:1:20
      |
    1 | --where latent_dim liek 'x'
      |                    ^^^^
      |
      = help: did you mean `like`?

    error[filter-syntax]: the filter ends where a name should be
     --> command line:1:12
      |
    1 | --where not
      |            ^ ends here
      |
      = help: write one like `latent_dim >= 16 and tag = 'paper'`
    ");
}

#[test]
fn unknown_names_and_wrong_types_are_all_told_at_once() {
    let texts = [
        "latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists",
        "latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'",
        "status = 'fail' and activation > 'a' and seed contains '1' and activation like 5",
        "started > 'soon' and tag = 3",
    ];
    insta::assert_snapshot!(texts.map(wrong).join("\n"), @r"
    error[unknown-name]: no run in the log has a param, metric or column `latent`
     --> command line:1:9
      |
    1 | --where latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists
      |         ^^^^^^
      |
      = help: did you mean `latent_dim`?

    error[unknown-name]: no run in the log has a param, metric or column `test_accuracy`
     --> command line:1:24
      |
    1 | --where latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists
      |                        ^^^^^^^^^^^^^
      |
      = help: did you mean `classifier.probe.test_accuracy` or `classifier.test_accuracy`?

    error[unknown-name]: no run in the log has a param, metric or column `classifier.tset_accuracy`
     --> command line:1:48
      |
    1 | --where latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists
      |                                                ^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `classifier.test_accuracy`?

    error[unknown-name]: no run in the log has a param, metric or column `xyzzy`
     --> command line:1:83
      |
    1 | --where latent = 2 and test_accuracy > 0.9 and classifier.tset_accuracy > 0.9 and xyzzy exists
      |                                                                                   ^^^^^
      |
      = help: there are the columns id, experiment, launch, status, seed, started, seconds, tag, note, variant, and activation, batch_norm, encoder, latent_dim, seed, classifier.probe.test_accuracy, classifier.test_accuracy, evaluate.mse

    error[wrong-type]: `latent_dim` is a number, and this is text
     --> command line:1:22
      |
    1 | --where latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'
      |                      ^^^^
      |
      = help: write the number without quotes: 16

    error[wrong-type]: `activation` is text, and this is a number
     --> command line:1:44
      |
    1 | --where latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'
      |                                            ^
      |
      = help: put text between quotes: '3'

    error[wrong-type]: `batch_norm` is a boolean, and this is text
     --> command line:1:63
      |
    1 | --where latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'
      |                                                               ^^^^^
      |
      = help: write true or false, without quotes

    error[wrong-type]: `evaluate.mse` is a number, and this is text
     --> command line:1:88
      |
    1 | --where latent_dim = '16' and activation = 3 and batch_norm = 'yes' and evaluate.mse > 'low'
      |                                                                                        ^^^^^
      |
      = help: write a number without quotes

    error[wrong-type]: no run has the status `fail`
     --> command line:1:18
      |
    1 | --where status = 'fail' and activation > 'a' and seed contains '1' and activation like 5
      |                  ^^^^^^
      |
      = help: did you mean 'failed'?

    error[wrong-type]: `>` compares numbers and times; `activation` is text
     --> command line:1:42
      |
    1 | --where status = 'fail' and activation > 'a' and seed contains '1' and activation like 5
      |                                          ^^^
      |
      = help: use `=`, `!=`, `in`, `like` or `contains`

    error[wrong-type]: `like` and `contains` look into text, but `seed` is a number
     --> command line:1:64
      |
    1 | --where status = 'fail' and activation > 'a' and seed contains '1' and activation like 5
      |                                                                ^^^
      |
      = help: compare with `=`, `<`, `>` or `in (...)`

    error[wrong-type]: `like` and `contains` look for text, not for 5
     --> command line:1:88
      |
    1 | --where status = 'fail' and activation > 'a' and seed contains '1' and activation like 5
      |                                                                                        ^
      |
      = help: put it between quotes: '5'

    error[wrong-type]: `soon` is no time
     --> command line:1:19
      |
    1 | --where started > 'soon' and tag = 3
      |                   ^^^^^^
      |
      = help: write a day ('2026-11-22', 'today'), a month ('2026-11'), a time ('2026-11-22 13:40') or how long ago it was ('7 days ago', '2d', '12h')

    error[wrong-type]: `tag` is text, and this is a number
     --> command line:1:36
      |
    1 | --where started > 'soon' and tag = 3
      |                                    ^
      |
      = help: put text between quotes: '3'
    ");
}

#[test]
fn advice_on_numbers_leads_to_a_filter_that_is_right() {
    let told = ["evaluate.mse = nan", "evaluate.mse > 'NaN'", "evaluate.mse < -inf", "latent_dim in (8, 1_000)"];
    insta::assert_snapshot!(told.map(wrong).join("\n"), @r"
    error[filter-syntax]: `nan` is not a value
     --> command line:1:24
      |
    1 | --where evaluate.mse = nan
      |                        ^^^
      |
      = help: numbers that are not finite count as missing: write `is missing` after the name

    error[wrong-type]: `evaluate.mse` is a number, and this is text
     --> command line:1:24
      |
    1 | --where evaluate.mse > 'NaN'
      |                        ^^^^^
      |
      = help: numbers that are not finite count as missing: write `is missing` after the name

    error[filter-syntax]: `-inf` is not a value
     --> command line:1:24
      |
    1 | --where evaluate.mse < -inf
      |                        ^^^^
      |
      = help: numbers that are not finite count as missing: write `is missing` after the name

    error[wrong-type]: `latent_dim` is a number, and this is text
     --> command line:1:27
      |
    1 | --where latent_dim in (8, 1_000)
      |                           ^^^^^
      |
      = help: write the number without `_`: 1000
    ");
}

#[test]
fn sorts_and_columns_are_held_against_the_log_too() {
    let (catalog, now) = (catalog(), now());
    let reader = Reader { catalog: &catalog, now: &now };
    let sort = reader.order("--sort", "classifier.test_accuracy:desc, latent_dim").unwrap();
    assert_eq!(
        sort.iter().map(|sort| (sort.field.name(), sort.descending)).collect::<Vec<_>>(),
        [("classifier.test_accuracy", true), ("latent_dim", false)]
    );
    let problems = reader.order("--sort", "latentdim:desc,evaluate.mse:down").unwrap_err();
    insta::assert_snapshot!(problems.to_string(), @r"
    error[unknown-name]: no run in the log has a param, metric or column `latentdim`
     --> command line:1:8
      |
    1 | --sort latentdim:desc,evaluate.mse:down
      |        ^^^^^^^^^
      |
      = help: did you mean `latent_dim`?

    error[bad-order]: `down` is not an order
     --> command line:1:36
      |
    1 | --sort latentdim:desc,evaluate.mse:down
      |                                    ^^^^
      |
      = help: write `:desc` for the largest first, or `:asc`
    ");
    assert_eq!(reader.fields("--columns", "id,tags").unwrap().len(), 2);
}

#[test]
fn no_text_is_too_deep_or_too_long() {
    let deep = format!("{}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(wrong(&deep).contains("nested too deeply"));
    assert!(wrong(&"not ".repeat(10_000)).contains("nested too deeply"));
    assert!(wrong(&vec!["latent_dim = 1"; 10_000].join(" or ")).contains("more than 400"));
    in_sql(&vec!["latent_dim = 1"; 400].join(" or "));
}

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
        let (catalog, now) = (catalog(), now());
        if let Err(problems) = (Reader { catalog: &catalog, now: &now }).condition("--where", &text) {
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
