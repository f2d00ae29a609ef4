use serde_json::json as value;

use super::*;
use crate::artifact::ArtifactType;
use crate::kind::{Companion, OutputPort};

fn param(name: &str, param_type: ParamType, default: Option<serde_json::Value>) -> ParamSpec {
    ParamSpec {
        name: name.to_owned(),
        param_type,
        default,
        help: format!("what {name} means"),
        minimum: None,
        maximum: None,
        shortest: None,
        longest: None,
    }
}

fn sample() -> Description {
    let losses = vec![("bce".to_owned(), "cross-entropy | per pixel".to_owned()), ("mse".to_owned(), String::new())];
    let texts = ParamType::List(Box::new(ParamType::Text));
    Description {
        kind: "train-sample",
        version: 1,
        summary: "Trains a sample",
        details: "By gradient descent.",
        inputs: vec![
            InputPort::required("dataset", &[ArtifactType::Dataset, ArtifactType::Latents], "what to learn from"),
            InputPort::variadic("others", &[], "anything else"),
        ],
        outputs: vec![OutputPort::new("model", ArtifactType::Model, "what was learnt")],
        params: vec![
            ParamSpec { shortest: Some(1), ..param("layers", texts, None) },
            ParamSpec { minimum: Some(1.0), ..param("epochs", ParamType::Integer, Some(value!(10))) },
            param("loss", ParamType::Choice(losses), Some(value!("bce"))),
            param("path", ParamType::Path, Some(value!(null))),
        ],
        layers: vec![("dense 4 relu".into(), "sums".into())],
        metrics: &[("train_loss", "loss of the last epoch")],
        example: "[stages.sample]\nuses = \"train-sample\"\n",
        companions: &[Companion { suffix: "pca", kind: "pca-baseline", wires: &[] }],
    }
}

#[test]
fn a_kind_is_described_as_text() {
    insta::assert_snapshot!(text::kind(&sample(), Paint::NONE, None).join("\n"), @r#"
    train-sample: Trains a sample

    By gradient descent.

    Takes
      dataset  Dataset or Latents      what to learn from
      others   any number of anything  anything else

    Gives
      model    Model    what was learnt
      metrics  Metrics  metrics and per-epoch series of the stage

    Params
      layers  list of strings, at least 1 of them  [required]
          what layers means
      epochs  integer, at least 1  [10]
          what epochs means
      loss  "bce" | "mse"  ["bce"]
          what loss means
            bce: cross-entropy | per pixel
      path  path  [none]
          what path means

    Layers
      dense 4 relu
          sums

    Metrics
      train_loss  loss of the last epoch

    Planned along with it
      <stage>.pca (pca-baseline)

    Example
      [stages.sample]
      uses = "train-sample"
    "#);
}

#[test]
fn all_kinds_fit_on_a_markdown_page() {
    insta::assert_snapshot!(markdown::page(&[&sample()]), @r#"
    # Stage kinds

    Printed by `pipeline stages --markdown`; do not edit.

    | kind | what it does |
    |---|---|
    | [`train-sample`](#train-sample) | Trains a sample |

    ## train-sample

    Trains a sample

    By gradient descent.

    | takes | type | meaning |
    |---|---|---|
    | `dataset` | Dataset or Latents | what to learn from |
    | `others` | any number of anything | anything else |

    | gives | type | meaning |
    |---|---|---|
    | `model` | Model | what was learnt |
    | `metrics` | Metrics | metrics and per-epoch series of the stage |

    | param | type | default | meaning |
    |---|---|---|---|
    | `layers` | list of strings, at least 1 of them | required | what layers means |
    | `epochs` | integer, at least 1 | `10` | what epochs means |
    | `loss` | "bce" \| "mse" | `"bce"` | what loss means<br>`bce`: cross-entropy \| per pixel |
    | `path` | path | `none` | what path means |

    | layer | meaning |
    |---|---|
    | `dense 4 relu` | sums |

    | metric | meaning |
    |---|---|
    | `train_loss` | loss of the last epoch |

    Planned along with it: `<stage>.pca` ([`pca-baseline`](#pca-baseline)).

    ```toml
    [stages.sample]
    uses = "train-sample"
    ```
    "#);
}

#[test]
fn a_kind_is_described_as_json() {
    let json = json::kind(&sample());
    assert_eq!(json["inputs"][0]["types"], value!(["Dataset", "Latents"]));
    assert_eq!(json["params"][0]["required"], value!(true));
    assert_eq!(json["params"][2]["choices"], value!(["bce", "mse"]));
    assert_eq!(json["outputs"][1]["name"], value!("metrics"));
}

#[test]
fn a_mistyped_kind_is_met_with_the_nearest() {
    let sample = sample();
    let Err(Stop::Failure { exit, message, help }) = find(&[&sample], "train-smaple") else {
        panic!("the kind does not exist")
    };
    assert_eq!(exit, Exit::Usage);
    insta::assert_snapshot!(format!("{message}\n{}", help.unwrap_or_default()), @r"
    no stage kind `train-smaple`
    did you mean `train-sample`?
    ");
}

#[test]
fn the_page_in_docs_is_that_of_the_kinds() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/stages.md");
    let written = std::fs::read_to_string(file).unwrap_or_default();
    let now = markdown::page(&Registry.kinds());
    assert!(written.trim_end() == now.trim_end(), "out of date: pipeline stages --markdown > docs/stages.md");
}

#[test]
fn a_narrow_terminal_gets_narrow_lines() {
    use crate::kind::Catalog;
    for kind in crate::stage::registry::Registry.kinds() {
        let example: Vec<&str> = kind.example.lines().map(str::trim).collect();
        let lines = [text::kind(kind, Paint::NONE, Some(60)), text::list(&[kind], Some(60))].concat();
        let wide = lines.iter().filter(|line| line.chars().count() > 60 && !example.contains(&line.trim()));
        assert_eq!(wide.collect::<Vec<_>>(), [""; 0], "{}", kind.kind);
    }
}
