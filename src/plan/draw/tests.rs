//! Drawings of a small plan.

use super::{Format, draw, svg_of};
use crate::plan::tests::{merging::PIPELINE, plan};

#[test]
fn a_run_as_text() {
    insta::assert_snapshot!(draw(&plan(PIPELINE, ""), Format::Text, false), @"
    load                    load
    └─ scale                scale
       ├─ auto              train
       │  └─ codes          encode   and scale
       │     └─ probe       probe
       └─ probe.floor       floor
          └─ probe.against  against  and codes, probe
    report                  show     takes everything above
    ");
}

#[test]
fn all_variants_as_text() {
    let plan = plan(PIPELINE, "[sweep]\nwidth = [1, 2]");
    let part = plan.only(&["codes"]).expect("there is such a stage");
    insta::assert_snapshot!(draw(&part, Format::Text, true), @"
    load                      load
    └─ scale                  scale
       ├─ auto [width=1]      train
       │  └─ codes [width=1]  encode  and scale
       └─ auto [width=2]      train
          └─ codes [width=2]  encode  and scale
    ");
}

#[test]
fn a_run_for_graphviz() {
    let plan = plan(PIPELINE, "").only(&["codes"]).expect("there is such a stage");
    insta::assert_snapshot!(draw(&plan, Format::Dot, false), @r##"
    digraph "e" {
      rankdir=TB;
      node [shape=box style=rounded fontname="sans-serif"];
      edge [fontname="sans-serif" fontsize=10];
      n0 [label="load\nload"];
      n1 [label="scale\nscale"];
      n2 [label="auto\ntrain"];
      n3 [label="codes\nencode"];
      n0 -> n1 [label="Dataset" color="#3b82f6" fontcolor="#3b82f6"];
      n1 -> n2 [label="Dataset" color="#3b82f6" fontcolor="#3b82f6"];
      n1 -> n3 [label="Dataset" color="#3b82f6" fontcolor="#3b82f6"];
      n2 -> n3 [label="Model" color="#e8590c" fontcolor="#e8590c"];
    }
    "##);
}

#[test]
fn a_run_for_mermaid() {
    let plan = plan(PIPELINE, "").only(&["probe.against"]).expect("there is such a stage");
    insta::assert_snapshot!(draw(&plan, Format::Mermaid, false), @r#"
    flowchart TD
      n0["load<br/>load"]
      n1["scale<br/>scale"]
      n2["auto<br/>train"]
      n3["codes<br/>encode"]
      n4["probe<br/>probe"]
      n5["probe.floor<br/>floor"]:::companion
      n6["probe.against<br/>against"]:::companion
      n0 -->|Dataset| n1
      n1 -->|Dataset| n2
      n1 -->|Dataset| n3
      n1 -->|Dataset| n5
      n2 -->|Model| n3
      n3 -->|Latents| n4
      n3 -->|Latents| n6
      n4 -->|Metrics| n6
      n5 -->|Baseline| n6
      classDef companion stroke-dasharray: 4 4
    "#);
}

#[test]
fn a_picture_has_every_stage_and_every_wire_of_what_is_drawn() {
    let plan = plan(PIPELINE, "[sweep]\nwidth = [1, 2]");
    let one = draw(&plan, Format::Svg, false);
    assert_eq!(one.matches("<rect").count(), plan.runs[0].stages.len());
    let all = draw(&plan, Format::Svg, true);
    assert_eq!(all.matches("<rect").count(), plan.graph.node_count());
    assert_eq!(all.matches("<path").count(), 2 * plan.graph.edge_count());
    let last = plan.runs[1].stages.values().copied().collect();
    assert_eq!(svg_of(&plan, &last).matches("<rect").count(), plan.runs[1].stages.len());
}

#[test]
fn text_from_files_is_escaped() {
    let text = "[params]\nname = \"a\"\n[stages.load]\nuses = \"load\"\ndataset = \"${name}\"\n";
    let plan = plan(text, "[sweep]\nname = [\"<b>&\\\"\", 'x\\']");
    let svg = draw(&plan, Format::Svg, true);
    assert!(svg.contains("name=&lt;b&gt;&amp;&quot;") && !svg.contains("<b>"));
    let dot = draw(&plan, Format::Dot, true);
    assert!(dot.contains("name=<b>&\\\"\"") && dot.contains("name=x\\\\\""));
    assert!(draw(&plan, Format::Mermaid, true).contains("name=#lt;b#gt;#amp;#quot;"));
}

#[test]
fn a_drawing_of_nothing_is_a_drawing() {
    let nothing = crate::plan::Plan { graph: Default::default(), runs: vec![], config: serde_json::json!({}) };
    assert_eq!(draw(&nothing, Format::Text, true), "");
    assert!(draw(&nothing, Format::Svg, true).contains("</svg>"));
}
