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

/// Room kept for the time that a stage still needs, with the blanks before it.
const ETA: usize = 9;

/// Width of a stage's bar where there is room.
const BAR: usize = 12;

/// What is left of a stage's name at least.
const LABEL: usize = 10;

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
                self.remove(*node);
                let bar = self.multi.insert_before(&self.launch, ProgressBar::new_spinner());
                let room = self.width.saturating_sub(BAR + ETA).max(LABEL);
                bar.set_style(style(&format!("{{spinner:{BAR}}} {{prefix}}  {{elapsed}}  {{msg}}")));
                bar.set_prefix(text::shortened(&self.narrator.label(*node), room));
                bar.enable_steady_tick(TICK);
                self.running.insert(*node, bar);
            }
            RunEvent::StageProgress { node, progress } => {
                if let Some(bar) = self.running.get(node) {
                    self.show(bar, &self.narrator.label(*node), progress);
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
            RunEvent::LaunchGrown(grown) => self.launch.inc_length(grown.nodes.len() as u64),
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

    fn show(&self, bar: &ProgressBar, label: &str, progress: &Progress) {
        let parts: Vec<String> = std::iter::once(how_far(progress)).chain(latest(progress)).collect();
        let Line { template, label, message } = Line::new(label, &parts, self.width);
        if progress.total > 0 {
            bar.set_length(progress.total);
            bar.set_style(style(&template));
        }
        bar.set_prefix(label);
        bar.set_position(progress.done);
        bar.set_message(message);
    }

    fn clear(&mut self) {
        self.running.values().chain([&self.launch]).for_each(ProgressBar::finish_and_clear);
        self.running.clear();
        beside::show(None);
        // As for lines: nothing to be done when the terminal is gone.
        let _ = self.multi.clear();
    }
}

/// A running stage's line.
#[derive(Debug, PartialEq)]
struct Line {
    template: String,
    label: String,
    message: String,
}

impl Line {
    /// A stage's first figure, which is the loss, is always on the line. Where that is narrow, the bar shrinks for it,
    /// then the time still needed goes, then the bar, then the end of the stage's name, then how far it is.
    fn new(label: &str, parts: &[String], width: usize) -> Self {
        let wide = |text: &str| text.chars().count();
        let needed = parts.iter().take(2).map(|part| wide(part) + text::GAP).sum::<usize>();
        let taken = |(bar, eta): (usize, bool)| if bar > 0 { bar + 1 } else { 0 } + if eta { ETA } else { 0 };
        let layouts = [(BAR, true), (BAR / 2, true), (BAR / 2, false), (0, false)];
        let fits = |layout: &(usize, bool)| taken(*layout) + wide(label) + needed <= width;
        let layout = layouts.into_iter().find(fits).unwrap_or((0, false));
        let label = text::shortened(label, width.saturating_sub(taken(layout) + needed).max(LABEL));
        let room = width.saturating_sub(taken(layout) + wide(&label) + text::GAP);
        // Of the two, the figure tells more.
        let parts = if room + text::GAP < needed && parts.len() > 1 { &parts[1..] } else { parts };
        let bar = if layout.0 > 0 { format!("{{bar:{}.cyan}} ", layout.0) } else { String::new() };
        let eta = if layout.1 { "  eta {eta}" } else { "" };
        Self { template: format!("{bar}{{prefix}}{eta}  {{msg}}"), label, message: text::fitting(parts, room) }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates above are fixed; a mistake in one of them shows in the tests, and costs no more than its looks.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn the_loss_stays_where_a_line_is_narrow() {
        let parts = ["epoch 12/60", "train_loss 0.08431", "val_loss 0.08512"].map(str::to_owned);
        let lines = [100, 72, 60, 50, 40].map(|width| {
            let Line { template, label, message } = Line::new("autoencoder [latent_dim=8]", &parts, width);
            let line = template.replace("{prefix}", &label).replace("{msg}", &message);
            let drawn = line.replace("{bar:12.cyan}", "============").replace("{bar:6.cyan}", "======");
            let drawn = drawn.replace("{eta}", "59m");
            assert!(drawn.chars().count() <= width, "{drawn}");
            drawn
        });
        insta::assert_snapshot!(lines.join("\n"), @r"
        ============ autoencoder [latent_dim=8]  eta 59m  epoch 12/60  train_loss 0.08431  val_loss 0.08512
        ====== autoencoder [latent_dim=8]  epoch 12/60  train_loss 0.08431
        autoencoder [latent_dim=8]  epoch 12/60  train_loss 0.08431
        autoencoder [lat…  epoch 12/60  train_loss 0.08431
        autoencod…  train_loss 0.08431
        ");
    }
}
