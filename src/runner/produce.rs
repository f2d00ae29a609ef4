//! Makes one stage's result be there: from the cache, from another launch that is making it, or by executing it.
//! Runs on a job thread and tells the coordinator what happens by messages.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use crate::artifact::store::{Checkpoints, Damage, Fault, Holder, LockGuard, Lookup, Record, StoreError};
use crate::artifact::{Artifact, Blob};
use crate::event::{Outcome, Reason};
use crate::fingerprint::{Fingerprint, StaleReason};
use crate::hash::ContentHash;
use crate::kind::{METRICS_PORT, REPORT_IT, answer};
use crate::plan::Node;
use crate::runner::fetch::{Data, Found};
use crate::runner::lookup;
use crate::runner::shared::{Failure, Message, Planned, Produced, Shared, in_words};
use crate::stage::{Context, Environment, Input, Output, Source, StageError};

/// Why a result has to be there.
enum Wanted<'d> {
    /// However it comes.
    Somehow,
    /// Made in this launch.
    Forced,
    /// It was there and turned out to be damaged in this file.
    Whole { blob: &'d Blob, file: &'d str, damage: &'d Damage },
}

/// One attempt to produce one node.
pub struct Job<'a> {
    pub(super) shared: &'a Shared,
    planned: Arc<Planned>,
    pub(super) node: usize,
    pub(super) messages: &'a Sender<Message>,
    /// In which nothing is fetched: that is done before anything is executed.
    pub(super) environment: Environment,
    started: Instant,
}

impl<'a> Job<'a> {
    pub fn new(shared: &'a Shared, node: usize, messages: &'a Sender<Message>) -> Self {
        let environment = shared.places.environment(None, shared.cancel.clone(), |_| {});
        Self { shared, planned: shared.planned(), node, messages, environment, started: Instant::now() }
    }

    /// What is planned for a number.
    pub(super) fn planned(&self, node: usize) -> &Node {
        self.planned.plan.node(node)
    }

    fn tell(&self, message: Message) {
        // Nobody listens any more only when the launch was given up; then nothing needs to be told.
        drop(self.messages.send(message));
    }

    pub(super) fn notice(&self, text: String) {
        self.tell(Message::Notice { node: self.node, text });
    }

    /// From the cache if it is there, else by executing. A panic is a failure like others, so that the launch ends.
    pub fn produce(&self) -> Result<Produced, Failure> {
        let wanted = if self.planned.forced[self.node] { Wanted::Forced } else { Wanted::Somehow };
        let answered = answer(&self.planned(self.node).kind, || self.ensure(&wanted));
        answered.unwrap_or_else(|bug| Err(self.failed(None, &StageError::with_help(bug, REPORT_IT), vec![])))
    }

    /// Only the lock of the fingerprint is held while this waits for others, and only for those of stages before this
    /// one: so waiting comes to an end, however many jobs and launches repair what they share.
    fn ensure(&self, wanted: &Wanted) -> Result<Produced, Failure> {
        let _span = tracing::info_span!("stage", name = self.planned(self.node).stage, node = self.node).entered();
        let anyhow = matches!(wanted, Wanted::Somehow);
        if anyhow && let Some(record) = self.foreseen()? {
            return Ok(self.cached(record));
        }
        let Data { source, mut held, announced, seconds } = match self.data(anyhow)? {
            Found::Cached(record) => return Ok(self.cached(record)),
            Found::Data(data) => data,
        };
        let fingerprint = self.fingerprint(source.as_ref())?;
        let hash = fingerprint.hash();
        let before = if anyhow { self.look_up(hash)? } else { Lookup::Miss };
        if let Lookup::Hit(record) = before {
            return Ok(self.cached(*record));
        }
        let guard = match held.take_if(|held| held.0 == hash) {
            Some((_, guard)) => guard,
            None => {
                drop(held);
                self.lock(hash)?
            }
        };
        // Another job or launch may have made it while this one waited.
        let reasons = match (wanted, self.look_up(hash)?) {
            (Wanted::Somehow, Lookup::Hit(record)) => return Ok(self.cached(*record)),
            (Wanted::Whole { blob, file, .. }, Lookup::Hit(record))
                if self.shared.store.verified(blob, file).is_ok() =>
            {
                return Ok(self.cached(*record));
            }
            // What was found to be damaged has been set aside and is no more than missing now.
            (_, now) => {
                self.reasons(wanted, &fingerprint, if matches!(before, Lookup::Broken(_)) { &before } else { &now })?
            }
        };
        let inputs = self.open_inputs()?;
        if announced != Some(hash) {
            self.tell(Message::Started { node: self.node, fingerprint: hash });
        }
        let mut produced = self.execute(fingerprint, hash, source.as_ref(), &inputs, reasons)?;
        produced.seconds += seconds;
        drop(guard);
        Ok(produced)
    }

    pub(super) fn lock(&self, fingerprint: ContentHash) -> Result<LockGuard, Failure> {
        let stage = &self.planned(self.node).stage;
        // One notice tells enough of a launch that makes the same.
        let mut on_wait = |holder: Holder| {
            if self.shared.is_new(&holder) {
                let Holder { pid, host, .. } = holder;
                self.notice(format!("waiting for process {pid} on {host}, which is making `{stage}`"));
            }
        };
        Ok(self.shared.store.lock(fingerprint, &self.shared.cancel, &mut on_wait)?)
    }

    /// Why the stage has to be executed; damage is told to people too.
    fn reasons(&self, wanted: &Wanted, fingerprint: &Fingerprint, miss: &Lookup) -> Result<Vec<Reason>, Failure> {
        let node = self.planned(self.node);
        let damage = match (wanted, miss) {
            (Wanted::Forced, _) => return Ok(vec![StaleReason::Forced.into()]),
            (Wanted::Whole { damage, .. }, _) => Some(*damage),
            (Wanted::Somehow, Lookup::Broken(damage)) => Some(damage),
            (Wanted::Somehow, _) => None,
        };
        if let Some(damage) = damage {
            self.notice(format!("{damage}; making `{}` again", node.stage));
            return Ok(vec![StaleReason::from(damage).into()]);
        }
        Ok(lookup::stale(&self.shared.store, &self.shared.last, node, fingerprint, miss)?)
    }

    /// The result for data that is known without looking for it, when it is there. Damage is told to people.
    fn foreseen(&self) -> Result<Option<Record>, Failure> {
        let node = self.planned(self.node);
        let Some(source) = lookup::stage_of(node).foreseen(&node.params) else { return Ok(None) };
        let found = self.look_up(self.fingerprint(Some(&source))?.hash())?;
        // Set aside, it is no more than missing when the data has been found.
        if let Lookup::Broken(damage) = &found
            && damage.fault == Fault::Altered
        {
            self.notice(damage.to_string());
        }
        Ok(found.hit())
    }

    fn cached(&self, record: Record) -> Produced {
        let seconds = self.started.elapsed().as_secs_f64();
        Produced { record: Arc::new(record), executed: false, seconds, reasons: vec![] }
    }

    /// What no stage of the plan reads is there for people and their pages: its bytes are verified here, those of the
    /// others when a stage opens them.
    pub(super) fn look_up(&self, hash: ContentHash) -> Result<Lookup, Failure> {
        let mut lookup = self.shared.store.lookup(hash)?;
        if let Lookup::Hit(record) = &lookup
            && self.is_last()
        {
            for (name, blob) in record.outputs.values().flat_map(|artifact| &artifact.files) {
                match self.shared.store.verified(blob, name) {
                    Ok(_) => {}
                    Err(StoreError::Damaged(damage)) => {
                        lookup = Lookup::Broken(damage);
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(lookup)
    }

    fn is_last(&self) -> bool {
        self.planned.plan.graph.neighbors(petgraph::graph::NodeIndex::new(self.node)).next().is_none()
    }

    pub(super) fn fingerprint(&self, source: Option<&Source>) -> Result<Fingerprint, Failure> {
        let mut inputs = BTreeMap::new();
        for (port, producer, output) in self.planned.plan.inputs(self.node) {
            inputs.insert(port.to_owned(), self.artifact(producer, output)?.content_hash());
        }
        Ok(lookup::fingerprint(self.planned(self.node), self.shared.options.device, source, inputs))
    }

    /// What a producer gave on a port. The schedule starts no stage before its producers are done.
    fn artifact(&self, producer: usize, output: &str) -> Result<Artifact, Failure> {
        let record = self.shared.record(producer);
        record.and_then(|record| record.outputs.get(output).cloned()).ok_or_else(|| {
            let stage = &self.planned(producer).stage;
            Failure::early(format!("`{stage}` gave nothing on its port `{output}`; this is a bug of its kind"))
        })
    }

    fn execute(
        &self,
        hashed: Fingerprint,
        hash: ContentHash,
        source: Option<&Source>,
        inputs: &BTreeMap<String, OpenInput>,
        reasons: Vec<Reason>,
    ) -> Result<Produced, Failure> {
        let why = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        tracing::info!(fingerprint = %hash, why, "executing");
        let started = Instant::now();
        let made = self.make(source, inputs, self.checkpoints(&hashed));
        let seconds = started.elapsed().as_secs_f64();
        tracing::info!(seconds, made = made.is_ok(), "executed");
        let (outputs, outcome) = made.map_err(|error| self.failed(Some(hash), &error, reasons.clone()))?;
        let record = Record::new(hashed, outputs, outcome, seconds);
        self.shared
            .store
            .commit(&record)
            .map_err(|error| self.failed(Some(hash), &store_failed(error), reasons.clone()))?;
        Ok(Produced { record: Arc::new(record), executed: true, seconds, reasons })
    }

    /// Where the stage's kind saves states of its work. A stage that is forced does all of it.
    fn checkpoints(&self, hashed: &Fingerprint) -> Option<Checkpoints<'_>> {
        let node = self.planned(self.node);
        let work = lookup::stage_of(node).resumes(&node.params).work(hashed)?;
        let mut checkpoints = self.shared.store.checkpoints(work, !self.planned.forced[self.node]);
        checkpoints.every = self.shared.options.checkpoint_every;
        Some(checkpoints)
    }

    fn make(
        &self,
        source: Option<&Source>,
        inputs: &BTreeMap<String, OpenInput>,
        checkpoints: Option<Checkpoints<'_>>,
    ) -> Result<(BTreeMap<String, Artifact>, Outcome), StageError> {
        let node = self.planned(self.node);
        let stage = lookup::stage_of(node);
        let scratch = self.shared.store.scratch().map_err(store_failed)?;
        let progress = |progress| self.tell(Message::Progress { node: self.node, progress });
        let opened = inputs.iter().map(|(port, input)| (port.clone(), input.input.clone())).collect();
        let context = Context {
            params: &node.params,
            seed: lookup::stream_seed(node),
            inputs: &opened,
            scratch: scratch.path(),
            pool: &self.shared.pool,
            device: self.shared.options.device,
            progress: &progress,
            cancel: &self.shared.cancel,
            environment: &self.environment,
            source,
            checkpoints,
        };
        let output = answer(&node.kind, || stage.execute(&context))
            .unwrap_or_else(|bug| Err(StageError::with_help(bug, REPORT_IT)))?;
        self.shared.cancel.check()?;
        self.ingest(&context, output, inputs)
    }

    /// Moves what the stage wrote into the store.
    fn ingest(
        &self,
        context: &Context,
        output: Output,
        inputs: &BTreeMap<String, OpenInput>,
    ) -> Result<(BTreeMap<String, Artifact>, Outcome), StageError> {
        let description = lookup::stage_of(self.planned(self.node)).description();
        if !description.metrics.is_empty() {
            let mut text =
                serde_json::to_vec_pretty(&output.outcome).map_err(|error| StageError::failed(error.to_string()))?;
            text.push(b'\n');
            std::fs::write(context.output(METRICS_PORT.name, "metrics.json")?, text)?;
        }
        let mut outputs = BTreeMap::new();
        for port in description.all_outputs() {
            let mut reused: Vec<(String, Blob)> = vec![];
            for reuse in output.reuse.iter().filter(|reuse| reuse.port == port.name) {
                let blob = inputs.get(&reuse.input).and_then(|input| input.artifact.files.get(&reuse.file));
                let unknown = || StageError::failed(format!("`{}` has no file {} to pass on", reuse.input, reuse.file));
                reused.push((reuse.name.clone(), blob.cloned().ok_or_else(unknown)?));
            }
            let directory = context.scratch.join(port.name);
            let artifact = self.shared.store.ingest(&directory, port.artifact_type, &reused).map_err(store_failed)?;
            outputs.insert(port.name.to_owned(), artifact);
        }
        Ok((outputs, output.outcome))
    }

    /// Verifies every byte the stage may read. What is damaged is made again first.
    fn open_inputs(&self) -> Result<BTreeMap<String, OpenInput>, Failure> {
        let mut opened = BTreeMap::new();
        for (port, producer, output) in self.planned.plan.inputs(self.node) {
            let artifact = self.artifact(producer, output)?;
            let mut files = BTreeMap::new();
            for (name, blob) in &artifact.files {
                let path = match self.shared.store.verified(blob, name) {
                    Err(StoreError::Damaged(damage)) => {
                        self.repair(producer, output, &artifact, name, &damage)?;
                        self.shared.store.verified(blob, name)?
                    }
                    path => path?,
                };
                files.insert(name.clone(), path);
            }
            let stage = self.planned(producer).stage.clone();
            let input = Input { artifact_type: artifact.artifact_type, stage, files };
            opened.insert(port.to_owned(), OpenInput { input, artifact });
        }
        Ok(opened)
    }

    /// Executes a producer again because a file it made is damaged, and checks that it made the same.
    fn repair(
        &self,
        producer: usize,
        output: &str,
        wanted: &Artifact,
        file: &str,
        damage: &Damage,
    ) -> Result<(), Failure> {
        let whole = Wanted::Whole { blob: &wanted.files[file], file, damage };
        let produced = Job::new(self.shared, producer, self.messages).ensure(&whole)?;
        self.shared.keep(producer, produced.record.clone());
        let same = produced.record.outputs.get(output).is_some_and(|made| made == wanted);
        if produced.executed {
            self.tell(Message::Repaired { node: producer, produced });
        }
        if same {
            Ok(())
        } else {
            let stage = &self.planned(producer).stage;
            Err(Failure::early(format!(
                "`{stage}`, made again, gave other bytes than before: launch again to go on with those"
            )))
        }
    }

    pub(super) fn failed(&self, fingerprint: Option<ContentHash>, error: &StageError, reasons: Vec<Reason>) -> Failure {
        let seconds = self.started.elapsed().as_secs_f64();
        match error {
            StageError::Interrupted => Failure::Interrupted,
            StageError::Failed { message, help: Some(help) } => {
                Failure::Failed { fingerprint, error: format!("{message}\nhelp: {help}"), seconds, reasons }
            }
            // What a stage writes goes into the cache's scratch directory.
            StageError::Io(source) if is_full(source) => {
                let path = self.shared.store.root().to_owned();
                let error = in_words(&StoreError::Full { path, source: source.kind().into() });
                Failure::Failed { fingerprint, error, seconds, reasons }
            }
            other => Failure::Failed { fingerprint, error: other.to_string(), seconds, reasons },
        }
    }
}

struct OpenInput {
    input: Input,
    artifact: Artifact,
}

fn store_failed(error: StoreError) -> StageError {
    match error {
        StoreError::Interrupted => StageError::Interrupted,
        error => StageError::Failed { help: error.help().map(str::to_owned), message: error.to_string() },
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}
