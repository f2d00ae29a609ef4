use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::event::{Outcome, Progress, Reason, RunEvent, RunFinished, StageFinished, Status, sample};

/// A stream that a test can read again.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn observe_all(observer: &dyn Observer, events: &[(Timestamp, RunEvent)]) {
    events.iter().for_each(|(time, event)| observer.observe(*time, event));
}

fn lines(verbosity: Verbosity, events: &[(Timestamp, RunEvent)]) -> String {
    let captured = Captured::default();
    observe_all(&Lines::new(captured.clone(), verbosity, Paint::NONE), events);
    captured.text()
}

#[test]
fn a_launch_reads_well_in_plain_lines() {
    insta::assert_snapshot!(lines(Verbosity::Normal, &sample::launch("a1")), @r"
    sizes: 2 runs, 3 stages
    notice      load: fallback: synthetic-digits stands in for mnist
    cached      load
    failed      autoencoder [latent_dim=8]  3.0 s
                the loss became NaN in epoch 1
    executed    autoencoder [latent_dim=2]  7.0 s  val_loss NaN  train_loss 0.125  parameters 219584  (param epochs: 1 → 2)
    notice      autoencoder [latent_dim=2]: collapsed: no better than the constant mean

                                autoencoder  autoencoder
    run   latent_dim  status     train_loss   parameters  time
    a1-0           2  executed        0.125       219584  9.0 s
    a1-1           8  failed                              6.0 s

    failed  autoencoder [latent_dim=8]: the loss became NaN in epoch 1
    1 executed, 1 cached, 1 failed in 10.0 s; 2 notices above
    report: /project/reports/sizes.html
    ");
}

#[test]
fn what_a_launch_is_given_besides_is_told() {
    let (events, before) = (sample::grown("a1"), sample::launch("a1").len());
    let text = lines(Verbosity::Normal, &events);
    insta::assert_snapshot!(text.lines().filter(|line| line.contains("16")).collect::<Vec<_>>().join("\n"), @"
    next        latent_dim=16
    executed    autoencoder [latent_dim=16]  1.0 s
    a1-2          16  executed        0.125       219584  1.0 s
    ");
    let captured = Captured::default();
    observe_all(&Json::new(captured.clone()), &events);
    let text = captured.text();
    insta::assert_snapshot!(text.lines().rev().take(events.len() - before + 1).collect::<Vec<_>>().join("\n"), @r#"
    {"event":"launch_finished","time":"2026-01-01T00:00:10.000Z","launch":"a1","executed":1,"cached":1,"failed":1,"skipped":0,"seconds":10.0,"report":"/project/reports/sizes.html"}
    {"event":"run_finished","time":"2026-01-01T00:00:09.000Z","run":"a1-2","variant":{"latent_dim":16},"seed":7,"status":"executed","metrics":{"autoencoder.parameters":219584.0,"autoencoder.train_loss":0.125}}
    {"event":"stage_finished","time":"2026-01-01T00:00:09.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f3","variant":{"latent_dim":16},"status":"executed","seconds":1.0,"reasons":[]}
    {"event":"launch_grown","time":"2026-01-01T00:00:09.000Z","launch":"a1","runs":1,"stages":1}
    "#);
}

#[test]
fn an_ablations_runs_go_by_the_names_of_its_changes() {
    let mut events = sample::launch("a1");
    let RunEvent::LaunchStarted(started) = &mut events[0].1 else { panic!("a launch starts") };
    let changes = json!([{ "name": "smaller code", "variant": { "latent_dim": 2 } }]);
    started.config = json!({ "ablation": { "base_name": "as it was", "changes": changes } });
    started.runs[1].variant.clear();
    let text = lines(Verbosity::Normal, &events);
    insta::assert_snapshot!(text.lines().filter(|line| line.contains("a1-")).collect::<Vec<_>>().join("\n"), @"
    a1-0  smaller code  executed        0.125       219584  9.0 s
    a1-1  as it was     failed                              6.0 s
    ");
}

#[test]
fn figures_of_companions_never_stand_for_a_run() {
    let mut events = vec![(sample::at(0), RunEvent::LaunchStarted(sample::started("a1")))];
    let metrics = [("classifier.probe.test_accuracy", 0.896), ("autoencoder.pca.mse", 0.1)];
    let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).into();
    let finished = RunFinished { run: 0, status: Status::Interrupted, metrics, seconds: 2.0, report: None };
    events.push((sample::at(1), RunEvent::RunFinished(finished)));
    events.push((sample::at(2), sample::launch("a1").pop().unwrap().1));
    insta::assert_snapshot!(lines(Verbosity::Normal, &events), @r"
    sizes: 2 runs, 3 stages

    run   latent_dim  status       time
    a1-0           2  interrupted  2.0 s

    1 executed, 1 cached, 1 failed in 10.0 s
    report: /project/reports/sizes.html
    ");
}

#[test]
fn a_failure_is_told_again_in_one_short_line() {
    let error = format!("{} ended\nwith a second line", "a long story ".repeat(20));
    let failed = StageFinished {
        node: 1,
        fingerprint: None,
        status: Status::Failed,
        seconds: 1.0,
        saved: 0.0,
        reasons: Vec::new(),
        error: Some(error),
        outcome: Outcome::default(),
        artifacts: Vec::new(),
    };
    let mut events = vec![(sample::at(0), RunEvent::LaunchStarted(sample::started("a1")))];
    events.push((sample::at(1), RunEvent::StageFinished(failed)));
    events.push((sample::at(2), sample::launch("a1").pop().unwrap().1));
    let text = lines(Verbosity::Normal, &events);
    let again: Vec<&str> = text.lines().filter(|line| line.starts_with("failed  autoencoder")).collect();
    assert!(again.len() == 1 && again[0].chars().count() <= 100, "{text}");
}

#[test]
fn verbose_tells_of_every_start_and_epoch() {
    let text = lines(Verbosity::Verbose, &sample::launch("a1"));
    let told: Vec<&str> =
        text.lines().filter(|line| line.starts_with("started") || line.starts_with("running")).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    started     autoencoder [latent_dim=2]
    started     autoencoder [latent_dim=8]
    running     autoencoder [latent_dim=2]  epoch 1/2  train_loss 0.25
    running     autoencoder [latent_dim=2]  epoch 2/2  train_loss 0.125
    ");
}

#[test]
fn quiet_tells_of_failures_and_notices_alone() {
    insta::assert_snapshot!(lines(Verbosity::Quiet, &sample::launch("a1")), @r"
    notice      load: fallback: synthetic-digits stands in for mnist
    failed      autoencoder [latent_dim=8]  3.0 s
                the loss became NaN in epoch 1
    notice      autoencoder [latent_dim=2]: collapsed: no better than the constant mean
    ");
}

#[test]
fn progress_is_told_at_most_every_ten_seconds() {
    let progress = |second: i64| {
        let progress = Progress { done: second as u64, total: 100, unit: "epoch", metrics: Vec::new() };
        (sample::at(second), RunEvent::StageProgress { node: 1, progress })
    };
    let mut events = vec![(sample::at(0), RunEvent::LaunchStarted(sample::started("a1")))];
    events.push((sample::at(0), RunEvent::StageStarted { node: 1, fingerprint: String::new() }));
    events.extend((1..35).map(progress));
    let text = lines(Verbosity::Normal, &events);
    let epochs: Vec<&str> = text.lines().filter_map(|line| line.split("epoch ").nth(1)).collect();
    assert_eq!(epochs, ["10/100", "20/100", "30/100"]);
}

#[test]
fn many_reasons_are_counted_and_a_notice_is_told_once() {
    let reason = |what: &str, was: &str, now: &str| Reason { what: what.to_owned(), was: was.into(), now: now.into() };
    let collapsed = "collapsed: no better than the constant mean";
    let finished = StageFinished {
        node: 1,
        fingerprint: None,
        status: Status::Executed,
        seconds: 75.0,
        saved: 0.0,
        reasons: vec![
            reason("input dataset", &"a".repeat(64), &"b".repeat(64)),
            reason("param loss", "bce", "mse"),
            reason("param optimizer", "sgd", "adam"),
        ],
        error: None,
        outcome: Outcome { warnings: vec![collapsed.to_owned()], ..Outcome::default() },
        artifacts: Vec::new(),
    };
    let events = [
        (sample::at(0), RunEvent::LaunchStarted(sample::started("a1"))),
        (sample::at(1), RunEvent::Notice { node: Some(1), text: collapsed.to_owned() }),
        (sample::at(1), RunEvent::StageFinished(finished)),
    ];
    insta::assert_snapshot!(lines(Verbosity::Normal, &events), @r"
    sizes: 2 runs, 3 stages
    notice      autoencoder [latent_dim=2]: collapsed: no better than the constant mean
    executed    autoencoder [latent_dim=2]  1 min 15 s  (input dataset: aaaaaaaa → bbbbbbbb; param loss: bce → mse; 1 more)
    ");
}

#[test]
fn every_event_has_its_promised_json_shape() {
    let captured = Captured::default();
    observe_all(&Json::new(captured.clone()), &sample::launch("a1"));
    insta::assert_snapshot!(captured.text(), @r#"
    {"event":"launch_started","time":"2026-01-01T00:00:00.000Z","launch":"a1","experiment":"sizes","runs":2,"stages":3}
    {"event":"stage_finished","time":"2026-01-01T00:00:00.000Z","stage":"load","kind":"load","fingerprint":"f0","variant":{},"status":"cached","seconds":1.5}
    {"event":"stage_started","time":"2026-01-01T00:00:01.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f1","variant":{"latent_dim":2}}
    {"event":"stage_started","time":"2026-01-01T00:00:02.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f2","variant":{"latent_dim":8}}
    {"event":"stage_progress","time":"2026-01-01T00:00:03.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f1","variant":{"latent_dim":2},"done":1,"total":2,"unit":"epoch","metrics":{"train_loss":0.25}}
    {"event":"stage_finished","time":"2026-01-01T00:00:05.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f2","variant":{"latent_dim":8},"status":"failed","seconds":3.0,"error":"the loss became NaN in epoch 1"}
    {"event":"run_finished","time":"2026-01-01T00:00:06.000Z","run":"a1-1","variant":{"latent_dim":8},"seed":7,"status":"failed","metrics":{}}
    {"event":"stage_progress","time":"2026-01-01T00:00:07.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f1","variant":{"latent_dim":2},"done":2,"total":2,"unit":"epoch","metrics":{"train_loss":0.125}}
    {"event":"stage_finished","time":"2026-01-01T00:00:08.000Z","stage":"autoencoder","kind":"train-autoencoder","fingerprint":"f1","variant":{"latent_dim":2},"status":"executed","seconds":7.0,"reasons":[{"what":"param epochs","was":1,"now":2}]}
    {"event":"run_finished","time":"2026-01-01T00:00:09.000Z","run":"a1-0","variant":{"latent_dim":2},"seed":7,"status":"executed","metrics":{"autoencoder.parameters":219584.0,"autoencoder.train_loss":0.125}}
    {"event":"launch_finished","time":"2026-01-01T00:00:10.000Z","launch":"a1","executed":1,"cached":1,"failed":1,"skipped":0,"seconds":10.0,"report":"/project/reports/sizes.html"}
    "#);
}

#[test]
fn json_progress_without_figures_is_thinned_out_but_its_end_is_told() {
    let captured = Captured::default();
    let json = Json::new(captured.clone());
    json.observe(sample::at(0), &RunEvent::LaunchStarted(sample::started("a1")));
    for done in 1..=1000 {
        let progress = Progress { done, total: 1000, unit: "byte", metrics: Vec::new() };
        json.observe(sample::at(1), &RunEvent::StageProgress { node: 0, progress });
    }
    let told: Vec<String> = captured.text().lines().skip(1).map(str::to_owned).collect();
    assert_eq!(told.len(), 2);
    assert!(told[1].contains("\"done\":1000"));
}

#[test]
fn a_reader_that_went_away_stops_nothing() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    observe_all(&Json::new(Gone), &sample::launch("a1"));
    observe_all(&Lines::new(Gone, Verbosity::Normal, Paint::NONE), &sample::launch("a1"));
}

#[test]
fn bars_follow_a_launch_without_a_terminal_too() {
    let bars = Bars::new(Verbosity::Verbose, Paint::NONE, 60);
    observe_all(&bars, &sample::launch("a1"));
}
