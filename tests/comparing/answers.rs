//! What is printed, written and refused.

use serde_json::{Value, json};

use super::{compare, project, refused};

#[test]
fn every_format_holds_the_table_and_goes_where_it_is_told() {
    let directory = project();
    for (format, start) in
        [("csv", "latent_dim,runs,"), ("latex", "% Needs"), ("html", "<!DOCTYPE html>"), ("markdown", "| latent")]
    {
        let (code, stdout, stderr) = compare(directory.path(), &["sizes", "--format", format, "-o", "table"]);
        assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
        let text = std::fs::read_to_string(directory.path().join("table")).unwrap();
        assert!(text.starts_with(start) && text.ends_with('\n'), "{text}");
    }
    let (_, stdout, _) = compare(directory.path(), &["sizes", "--baseline", "latent_dim=2", "--format", "json"]);
    let json: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(json["variants"][1]["metrics"]["evaluate.mse"]["difference"]["test"], "paired");
    assert_eq!(json["variants"][0]["runs"], json!(["2000", "1001", "1002"]));
    let (code, _, stderr) = compare(directory.path(), &["sizes", "-o", "no/such/table"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("mkdir -p no/such"), "{stderr}");
}

#[test]
fn what_cannot_be_compared_is_said_with_what_can() {
    insta::assert_snapshot!(refused(&["sizes", "other"]), @r"
    error: these have no metric in common
      help: experiment=sizes, latent_dim=2 has evaluate.mse, evaluate.ssim
            experiment=sizes, latent_dim=8 has evaluate.mse, evaluate.ssim
            experiment=other has anomaly.auroc
    ");
    insta::assert_snapshot!(refused(&["sizes", "--metric", "evaluate.mes"]), @r"
    error: no run has a metric `evaluate.mes`
      help: did you mean `evaluate.mse`? There are evaluate.mse, evaluate.ssim
    ");
    insta::assert_snapshot!(refused(&["sizes", "--metric", "loss"]), @r"
    error: no run has a metric `loss`
      help: there are evaluate.mse, evaluate.ssim
    ");
    insta::assert_snapshot!(refused(&["size"]), @r"
    error: no run or experiment `size`
      help: did you mean `sizes`?
    ");
    insta::assert_snapshot!(refused(&["elsewhere"]), @r"
    error: no run or experiment `elsewhere`
      help: experiments with runs are diverged, other, sizes
    ");
    insta::assert_snapshot!(refused(&["1001"]), @r"
    error: there is one run only, 1001: nothing to compare it with
      help: name another run, variant or experiment; `pipeline runs` lists them
    ");
    insta::assert_snapshot!(refused(&["sizes:latent_dim=3"]), @r"
    error: sizes: no run has latent_dim=3
      help: its values are 2, 8
    ");
    insta::assert_snapshot!(refused(&["sizes:latent=8"]), @r"
    error: sizes: no param `latent` tells runs apart
      help: did you mean `latent_dim`?
    ");
    insta::assert_snapshot!(refused(&["sizes:latent_dim"]), @r"
    error: `latent_dim` is not PARAM=VALUE
      help: name a variant as in architecture=dense,latent_dim=8
    ");
    insta::assert_snapshot!(refused(&["sizes", "--baseline", "latent_dim=4"]), @r"
    error: --baseline: no run has latent_dim=4
      help: its values are 2, 8
    ");
    insta::assert_snapshot!(refused(&["sizes", "--baseline", "3000"]), @r"
    error: --baseline: the run 3000 is not among those compared
      help: name it before the options, too
    ");
    insta::assert_snapshot!(refused(&["sizes", "--by", "epochs"]), @r"
    error: --by: epochs is 2 in all of them
      help: what differs is latent_dim
    ");
    insta::assert_snapshot!(refused(&["sizes", "--by", "latent"]), @r"
    error: --by: no run has a param `latent`
      help: did you mean `latent_dim`?
    ");
}
