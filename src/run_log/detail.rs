//! Everything about one run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{ArtifactInfo, FileInfo, Reason};
use crate::run_log::query::{COLUMNS, RunRow, WIDTH, json};
use crate::run_log::{LogError, RunLog};

/// The word that stands for the newest run.
const LATEST: &str = "latest";

/// A run with its stages and where it came from.
#[derive(Debug, Clone, Serialize)]
pub struct RunDetail {
    #[serde(flatten)]
    pub run: RunRow,
    pub report: Option<PathBuf>,
    /// In the order of the plan.
    pub stages: Vec<StageDetail>,
    /// `<stage>.<name>` -> one value an epoch, the first epoch first; `null` where a value was not finite.
    pub series: BTreeMap<String, Vec<Option<f64>>>,
    pub artifacts: Vec<StageArtifact>,
    /// What a person had to know during the launch.
    pub notices: Vec<String>,
    /// The experiment's file.
    pub file: PathBuf,
    pub provenance: Value,
    /// The experiment after all overrides, enough to run it again.
    pub config: Value,
}

/// A stage in a run.
#[derive(Debug, Clone, Serialize)]
pub struct StageDetail {
    pub stage: String,
    pub kind: String,
    pub variant: Map<String, Value>,
    pub params: Value,
    /// As for runs, or `waiting`.
    pub status: String,
    /// When it began to execute in this launch; `null` when it did not.
    pub started: Option<String>,
    /// Seconds it took in this launch: next to none when cached.
    pub seconds: Option<f64>,
    pub fingerprint: Option<String>,
    /// How far it is, while it is running.
    pub progress: Option<StageProgress>,
    /// Why it was executed.
    pub reasons: Vec<Reason>,
    pub error: Option<String>,
    pub metrics: Map<String, Value>,
    pub warnings: Vec<String>,
}

/// How far a stage was when it last said so.
#[derive(Debug, Clone, Serialize)]
pub struct StageProgress {
    pub done: i64,
    pub total: i64,
    pub unit: String,
}

/// An artifact of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StageArtifact {
    pub stage: String,
    pub port: String,
    #[serde(rename = "type")]
    pub artifact_type: String,
    pub files: Vec<FileInfo>,
}

impl RunLog {
    /// The run with this id or with the only id that begins so; `latest` is the newest.
    pub fn show(&self, id: &str) -> Result<RunDetail, LogError> {
        let number = self.number_of(id)?;
        self.ask(|_| self.read_detail(number))
    }

    pub(super) fn number_of(&self, id: &str) -> Result<i64, LogError> {
        let missing = || LogError::NoSuchRun(id.to_owned());
        if id == LATEST {
            let newest = "SELECT number FROM runs ORDER BY number DESC LIMIT 1";
            let found = self.ask(|connection| connection.query_row(newest, [], |row| row.get(0)).optional())?;
            return found.ok_or_else(missing);
        }
        let found = self.ask(|_| self.with_prefix(id))?;
        match found.as_slice() {
            [] => Err(missing()),
            [(number, _)] => Ok(*number),
            // An id may begin with another one; the one given in full is meant.
            several => match several.iter().find(|(_, full)| full == id) {
                Some((number, _)) => Ok(*number),
                None => {
                    let examples: Vec<&str> = several.iter().take(4).map(|(_, full)| full.as_str()).collect();
                    let (given, matches) = (id.to_owned(), several.len());
                    Err(LogError::Ambiguous { given, matches, examples: examples.join(", ") })
                }
            },
        }
    }

    fn with_prefix(&self, prefix: &str) -> rusqlite::Result<Vec<(i64, String)>> {
        let sql = "SELECT number, id FROM runs WHERE id >= ?1 AND id < ?1 || char(1114111) ORDER BY id";
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    fn read_detail(&self, number: i64) -> rusqlite::Result<RunDetail> {
        let sql = format!(
            "SELECT {COLUMNS}, runs.report, launches.file, launches.provenance, launches.config
             FROM runs JOIN launches ON launches.number = runs.launch WHERE runs.number = ?1"
        );
        let mut detail = self.connection.query_row(&sql, [number], |row| {
            let report = row.get::<_, Option<String>>(WIDTH)?.map(PathBuf::from);
            let file = PathBuf::from(row.get::<_, String>(WIDTH + 1)?);
            Ok(RunDetail {
                run: self.run_row(row)?,
                report,
                stages: Vec::new(),
                series: BTreeMap::new(),
                artifacts: Vec::new(),
                notices: self.notices(number, row.get(11)?)?,
                file,
                provenance: json(row, WIDTH + 2)?,
                config: json(row, WIDTH + 3)?,
            })
        })?;
        self.read_stages(number, &mut detail)?;
        Ok(detail)
    }

    /// Those of the run's stages and those of the launch as a whole.
    fn notices(&self, run: i64, launch: i64) -> rusqlite::Result<Vec<String>> {
        let sql = "SELECT text FROM notices WHERE launch = ?2
            AND (stage IS NULL OR stage IN (SELECT stage FROM run_stages WHERE run = ?1)) ORDER BY number";
        self.connection.prepare_cached(sql)?.query_map([run, launch], |row| row.get(0))?.collect()
    }

    fn read_stages(&self, run: i64, detail: &mut RunDetail) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT run_stages.name, kind, variant, params, status, started, seconds, fingerprint, done, total, unit,
                reasons, error, metrics, warnings, launch, series, artifacts
             FROM run_stages JOIN stages ON stages.number = run_stages.stage WHERE run_stages.run = ?1 ORDER BY node",
        )?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            let stage = self.stage_detail(row)?;
            let series: BTreeMap<String, Vec<Option<f64>>> = json(row, 16)?;
            let artifacts: Vec<ArtifactInfo> = json(row, 17)?;
            detail.series.extend(series.into_iter().map(|(name, points)| (format!("{}.{name}", stage.stage), points)));
            detail.artifacts.extend(artifacts.into_iter().map(|artifact| StageArtifact {
                stage: stage.stage.clone(),
                port: artifact.port,
                artifact_type: artifact.artifact_type,
                files: artifact.files,
            }));
            detail.stages.push(stage);
        }
        Ok(())
    }

    fn stage_detail(&self, row: &Row) -> rusqlite::Result<StageDetail> {
        let status = self.status(row.get(15)?, row.get(4)?);
        let unit: Option<String> = row.get(10)?;
        let progress = match unit {
            Some(unit) if status == "running" => Some(StageProgress { done: row.get(8)?, total: row.get(9)?, unit }),
            _ => None,
        };
        Ok(StageDetail {
            stage: row.get(0)?,
            kind: row.get(1)?,
            variant: json(row, 2)?,
            params: json(row, 3)?,
            status,
            started: row.get(5)?,
            seconds: row.get(6)?,
            fingerprint: row.get(7)?,
            progress,
            reasons: json(row, 11)?,
            error: row.get(12)?,
            metrics: json(row, 13)?,
            warnings: json(row, 14)?,
        })
    }
}
