//! Filters in, conditions or messages out.

mod agreement;
mod messages;

use jiff::civil::date;

use super::syntax::Expr;
use super::*;

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

fn read(text: &str) -> Result<Condition, Problems> {
    let (catalog, now) = (catalog(), now());
    Reader { catalog: &catalog, now: &now }.condition("--where", text)
}

/// What is wrong with a filter: marks below the place, what it is, and what to do.
fn wrong(text: &str) -> String {
    let problems = read(text).expect_err(text);
    let told = |problem: &Diagnostic| {
        let Span { start, end, .. } = problem.span.unwrap();
        let (blanks, marks) = (" ".repeat(start - "--where ".len()), "^".repeat((end - start).max(1)));
        let help = problem.help.as_deref().unwrap_or_default();
        format!("{blanks}{marks} {}; {help}", problem.message)
    };
    let told: Vec<String> = problems.diagnostics.iter().map(told).collect();
    format!("{text}\n{}\n", told.join("\n"))
}

fn in_sql(text: &str) -> String {
    let mut sql = Sql::default();
    sql.condition(&read(text).unwrap_or_else(|problems| panic!("{problems}")));
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
    let twice = reader.fields("--columns", "id,latent_dim,param.latent_dim").unwrap_err();
    insta::assert_snapshot!(twice, @"
    error[named-twice]: `param.latent_dim` is named twice
     --> command line:1:25
      |
    1 | --columns id,latent_dim,param.latent_dim
      |                         ^^^^^^^^^^^^^^^^ again
      |
      = help: name it once
    ");
    assert!(reader.order("--sort", "id,id:desc").is_err());
}

#[test]
fn no_text_is_too_deep_or_too_long() {
    let deep = format!("{}a = 1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(wrong(&deep).contains("nested too deeply"));
    assert!(wrong(&"not ".repeat(10_000)).contains("nested too deeply"));
    assert!(wrong(&vec!["latent_dim = 1"; 10_000].join(" or ")).contains("more than 400"));
    in_sql(&vec!["latent_dim = 1"; 400].join(" or "));
}
