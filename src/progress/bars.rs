//! Bars on a terminal: one for each running stage, and one for the launch below them. What is over scrolls up.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::event::{Observer, Progress, RunEvent, Status};
use crate::progress::beside::{self, Beside};
use crate::progress::narrator::{Narrator, how_far, latest};
use crate::progress::{Paint, Verbosity, screen};
use crate::text;

const TICK: Duration = Duration::from_millis(200);

/// Room kept for the time that a stage still needs, with the blanks around it.
const ETA: usize = 11;

/// Room kept for how far a stage is.
const HOW_FAR: usize = 13;

/// Draws on standard error.
pub struct Bars {
    state: Mutex<State>,
}

struct State {
    multi: MultiProgress,
    narrator: Narrator,
    launch: ProgressBar,
    cached: u64,
    running: BTreeMap<usize, ProgressBar>,
    /// Of the terminal.
    width: usize,
}

impl Bars {
    /// Bars for a launch that has not begun, on a terminal of this width.
    pub fn new(verbosity: Verbosity, paint: Paint, width: usize) -> Self {
        let state = State {
            multi: MultiProgress::with_draw_target(screen::target()),
            narrator: Narrator::new(verbosity, paint, Some(width)),
            width,
            launch: ProgressBar::hidden(),
            cached: 0,
            running: BTreeMap::new(),
        };
        Self { state: Mutex::new(state) }
    }
}

impl Observer for Bars {
    fn observe(&self, time: Timestamp, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = state.narrator.hear(time, event);
        if let RunEvent::LaunchStarted(started) = event {
            // Lines go above bars, so one has to be there.
            state.begin(started.nodes.len());
        }
        // Wherever the terminal has gone away, the launch goes on without it.
        if let RunEvent::LaunchFinished(_) = event {
            state.clear();
            let _ = Beside.write_all(format!("{}\n", lines.join("\n")).as_bytes());
        } else if !lines.is_empty() {
            let _ = state.multi.println(lines.join("\n"));
        }
        state.draw(event);
    }
}

impl State {
    fn begin(&mut self, stages: usize) {
        self.launch = self.multi.add(ProgressBar::new(stages as u64));
        self.launch.set_style(style("{bar:20.green} {pos}/{len} stages  {elapsed}  {msg}"));
        self.launch.tick();
        self.launch.enable_steady_tick(TICK);
        beside::show(Some(self.multi.clone()));
    }

    fn draw(&mut self, event: &RunEvent) {
        match event {
            RunEvent::StageStarted { node, .. } => {
                let bar = self.multi.insert_before(&self.launch, ProgressBar::new_spinner());
                let room = self.width.saturating_sub(self.bar() + ETA + HOW_FAR).max(10);
                bar.set_style(style(&format!("{{spinner:{}}} {{prefix}}  {{elapsed}}  {{msg}}", self.bar())));
                bar.set_prefix(text::shortened(&self.narrator.label(*node), room));
                bar.enable_steady_tick(TICK);
                self.running.insert(*node, bar);
            }
            RunEvent::StageProgress { node, progress } => {
                if let Some(bar) = self.running.get(node) {
                    self.show(bar, progress);
                }
            }
            RunEvent::StageFinished(finished) => {
                self.remove(finished.node);
                self.launch.inc(1);
                if finished.status == Status::Cached {
                    self.cached += 1;
                    self.launch.set_message(format!("{} cached", self.cached));
                }
            }
            RunEvent::StageRepaired(finished) => self.remove(finished.node),
            RunEvent::LaunchStarted(_)
            | RunEvent::RunFinished(_)
            | RunEvent::Notice { .. }
            | RunEvent::LaunchFinished(_) => {}
        }
    }

    fn remove(&mut self, node: usize) {
        if let Some(bar) = self.running.remove(&node) {
            bar.finish_and_clear();
            self.multi.remove(&bar);
        }
    }

    /// Width of a stage's bar.
    fn bar(&self) -> usize {
        if self.width < 80 { 6 } else { 12 }
    }

    fn show(&self, bar: &ProgressBar, progress: &Progress) {
        if progress.total > 0 && bar.length() != Some(progress.total) {
            bar.set_length(progress.total);
            bar.set_style(style(&format!("{{bar:{}.cyan}} {{prefix}}  eta {{eta}}  {{msg}}", self.bar())));
        }
        bar.set_position(progress.done);
        let parts: Vec<String> = std::iter::once(how_far(progress)).chain(latest(progress)).collect();
        let taken = self.bar() + 1 + bar.prefix().chars().count() + ETA;
        bar.set_message(text::fitting(&parts, self.width.saturating_sub(taken)));
    }

    fn clear(&mut self) {
        self.running.values().chain([&self.launch]).for_each(ProgressBar::finish_and_clear);
        self.running.clear();
        beside::show(None);
        // As for lines: nothing to be done when the terminal is gone.
        let _ = self.multi.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are fixed; a mistake in one of them shows in the tests, and costs no more than its looks.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
