//! How what a run leaves now compares with what it left when it was logged.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::cli::reproduce::Logged;
use crate::event::{ArtifactInfo, Provenance};
use crate::plan::Plan;
use crate::runner::StageResult;
use crate::text;

/// How a file of the logged run compares with that of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Same,
    Differs,
    /// The new run did not leave it.
    Missing,
}

#[derive(Serialize)]
struct FileVerdict {
    stage: String,
    port: String,
    file: String,
    verdict: Verdict,
}

/// Where two launches were made differently.
#[derive(Debug, Serialize, PartialEq)]
struct Difference {
    what: &'static str,
    was: Value,
    now: Value,
}

/// What came of reproducing a run.
#[derive(Serialize)]
pub struct Outcome {
    run: String,
    /// All files have the same bytes.
    pub agrees: bool,
    files: Vec<FileVerdict>,
    /// The first stage, in the order of the plan, that left something else.
    diverged: Option<String>,
    /// That stage reads outside data.
    data_differ: bool,
    provenance: Vec<Difference>,
}

impl Outcome {
    /// Holds what the stages left now against what they left then.
    pub fn of(logged: &Logged, plan: &Plan, results: &[Option<StageResult>], now: &Provenance) -> Self {
        let stages = plan.runs.first().map(|run| &run.stages);
        let artifacts = |stage: &str| -> &[ArtifactInfo] {
            let node = stages.and_then(|stages| stages.get(stage).copied());
            let result = node.and_then(|node| results.get(node)?.as_ref());
            result.map_or(&[], |result| &result.finished.artifacts)
        };
        let mut files = Vec::new();
        for then in &logged.artifacts {
            let now = artifacts(&then.stage).iter().find(|artifact| artifact.port == then.port);
            for file in &then.files {
                let found = now.and_then(|artifact| artifact.files.iter().find(|found| found.name == file.name));
                let verdict = match found {
                    None => Verdict::Missing,
                    Some(found) if found.blake3 == file.blake3 => Verdict::Same,
                    Some(_) => Verdict::Differs,
                };
                let (stage, port) = (then.stage.clone(), then.port.clone());
                files.push(FileVerdict { stage, port, file: file.name.clone(), verdict });
            }
        }
        let diverged = files.iter().find(|file| file.verdict != Verdict::Same).map(|file| file.stage.clone());
        let node = diverged.as_ref().zip(stages).and_then(|(stage, stages)| stages.get(stage));
        let data_differ = node.is_some_and(|node| plan.node(*node).kind == "load");
        let provenance = differences(&logged.provenance, now);
        Self { run: logged.id.clone(), agrees: diverged.is_none(), files, diverged, data_differ, provenance }
    }

    /// All of it in lines: a table of the stages, the verdict, what else is not as it was.
    pub fn told(&self) -> Vec<String> {
        let mut lines = self.table();
        lines.push(String::new());
        lines.push(self.verdict());
        if self.data_differ {
            lines.push(
                "The data are not those of then: their files have changed, or others stand in for them.".to_owned(),
            );
        } else if self.provenance.is_empty() && !self.agrees {
            lines.push("Program, processor and device are the same as then.".to_owned());
        }
        if !self.provenance.is_empty() {
            lines.push(if self.agrees { "What is not as it was then:" } else { "What may explain it:" }.to_owned());
        }
        let value = |value: &Value| match value {
            Value::Array(items) => items.iter().map(text::value).collect::<Vec<_>>().join(" "),
            other => text::value(other),
        };
        lines.extend(self.provenance.iter().map(|Difference { what, was, now }| {
            format!("  {}: {} → {}", what.replace('_', " "), value(was), value(now))
        }));
        lines
    }

    /// In a sentence.
    pub fn verdict(&self) -> String {
        let files = text::count(self.files.len(), "file");
        match &self.diverged {
            None => format!("Run {} is reproduced: all {files} agree, byte for byte.", self.run),
            Some(stage) => {
                let others = self.files.iter().filter(|file| file.verdict != Verdict::Same).count();
                format!("Run {} is not reproduced: {others} of {files} differ, first those of `{stage}`.", self.run)
            }
        }
    }

    fn table(&self) -> Vec<String> {
        let mut by_stage: BTreeMap<usize, (&str, usize, Vec<&str>)> = BTreeMap::new();
        let mut order: Vec<&str> = Vec::new();
        for file in &self.files {
            let place = order.iter().position(|stage| *stage == file.stage).unwrap_or_else(|| {
                order.push(&file.stage);
                order.len() - 1
            });
            let (_, same, others) = by_stage.entry(place).or_insert((&file.stage, 0, Vec::new()));
            match file.verdict {
                Verdict::Same => *same += 1,
                Verdict::Differs | Verdict::Missing => others.push(&file.file),
            }
        }
        let row = |(stage, same, others): &(&str, usize, Vec<&str>)| {
            let agree = format!("{same} of {}", same + others.len());
            vec![(*stage).to_owned(), agree, text::shortened(&others.join(", "), 60)]
        };
        let header = ["stage", "files that agree", "others"].map(str::to_owned);
        text::table(&header, &by_stage.values().map(row).collect::<Vec<_>>())
    }
}

/// What may explain other bytes.
fn differences(was: &Value, now: &Provenance) -> Vec<Difference> {
    let now = serde_json::to_value(now).unwrap_or_default();
    let facts = ["version", "build", "git_commit", "git_dirty", "device", "cpu", "cpu_features", "os", "host"];
    let differs = |what: &&'static str| was[*what] != now[*what];
    let difference = |what| Difference { what, was: was[what].clone(), now: now[what].clone() };
    facts.into_iter().filter(differs).map(difference).collect()
}
