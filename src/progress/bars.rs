//! Bars on a terminal: one for each running stage, and one for the launch below them. What is over scrolls up.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::event::{Observer, Progress, RunEvent, Status};
use crate::progress::narrator::{Narrator, how_far, latest};
use crate::progress::{Paint, Verbosity};

const TICK: Duration = Duration::from_millis(200);

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
}

impl Bars {
    /// Bars for a launch that has not begun.
    pub fn new(verbosity: Verbosity, paint: Paint) -> Self {
        let state = State {
            multi: MultiProgress::new(),
            narrator: Narrator::new(verbosity, paint, false),
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
        // Wherever the terminal has gone away, the launch goes on without it.
        if let RunEvent::LaunchFinished(_) = event {
            state.clear();
            let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
        } else if !lines.is_empty() {
            let _ = state.multi.println(lines.join("\n"));
        }
        state.draw(event);
    }
}

impl State {
    fn draw(&mut self, event: &RunEvent) {
        match event {
            RunEvent::LaunchStarted(started) => {
                self.launch = self.multi.add(ProgressBar::new(started.nodes.len() as u64));
                self.launch.set_style(style("{bar:30.green} {pos}/{len} stages  {msg}  {elapsed}"));
                self.launch.enable_steady_tick(TICK);
            }
            RunEvent::StageStarted { node, .. } => {
                let bar = self.multi.insert_before(&self.launch, ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {prefix}  {msg}  {elapsed}"));
                bar.set_prefix(self.narrator.label(*node));
                bar.enable_steady_tick(TICK);
                self.running.insert(*node, bar);
            }
            RunEvent::StageProgress { node, progress } => {
                if let Some(bar) = self.running.get(node) {
                    show(bar, progress);
                }
            }
            RunEvent::StageFinished(finished) => {
                if let Some(bar) = self.running.remove(&finished.node) {
                    bar.finish_and_clear();
                    self.multi.remove(&bar);
                }
                self.launch.inc(1);
                if finished.status == Status::Cached {
                    self.cached += 1;
                    self.launch.set_message(format!("{} cached", self.cached));
                }
            }
            RunEvent::RunFinished(_) | RunEvent::Notice { .. } | RunEvent::LaunchFinished(_) => {}
        }
    }

    fn clear(&mut self) {
        self.running.values().chain([&self.launch]).for_each(ProgressBar::finish_and_clear);
        self.running.clear();
        // As for lines: nothing to be done when the terminal is gone.
        let _ = self.multi.clear();
    }
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if progress.total > 0 && bar.length() != Some(progress.total) {
        bar.set_length(progress.total);
        bar.set_style(style("{bar:20.cyan} {prefix}  {msg}  eta {eta}"));
    }
    bar.set_position(progress.done);
    let parts: Vec<String> = std::iter::once(how_far(progress)).chain(latest(progress)).collect();
    bar.set_message(parts.join("  "));
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are fixed; a mistake in one of them shows in the tests, and costs no more than its looks.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
