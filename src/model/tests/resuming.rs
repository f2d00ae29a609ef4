//! Trainings that stop and go on.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::*;
use crate::model::train::{Checkpoints, Decay, EpochReport, Loss, Optimizer, TrainError};

/// Keeps every state in memory.
#[derive(Default)]
struct Memory(Mutex<BTreeMap<u32, Vec<u8>>>);

impl Checkpoints for Memory {
    fn latest(&self, at_most: u32) -> Option<Vec<u8>> {
        self.0.lock().unwrap().range(..=at_most).next_back().map(|(_, state)| state.clone())
    }

    fn is_due(&self, _epoch: u32) -> bool {
        true
    }

    fn save(&self, epoch: u32, _is_end: bool, state: &[u8]) {
        self.0.lock().unwrap().insert(epoch, state.to_vec());
    }
}

#[test]
fn training_goes_on_from_every_epoch_to_the_same_bits() {
    let base = Training { decay: Decay::Step { every: 2, factor: 0.7 }, warmup: 1.5, ..training(6, 20, 1e-2) };
    let decoder = ["dense 16 tanh", "dense 64 sigmoid"];
    let variational = || autoencoder(&["dense 16 tanh", "gaussian 3"], &decoder, [8, 8, 1]);
    let tied = || {
        let encoder = layers(&["dense 16 tanh", "dense 3"]);
        Autoencoder::new(&encoder, &layers(&decoder), [8, 8, 1], 3, true).unwrap()
    };
    type Case<'a> = (Optimizer, Option<u32>, &'a dyn Fn() -> Autoencoder, bool);
    let cases: [Case<'_>; 5] = [
        (Optimizer::Adam, None, &conv_autoencoder, false),
        (Optimizer::Sgd { momentum: 0.9 }, Some(2), &conv_autoencoder, false),
        (Optimizer::RmsProp, Some(6), &conv_autoencoder, false),
        (Optimizer::AdamW { weight_decay: 0.01 }, Some(6), &variational, true),
        (Optimizer::Adam, None, &tied, true),
    ];
    for (optimizer, patience, new, noisy) in cases {
        let data = Bars { noisy, ..bars([8, 8, 1], 50) };
        let plan = Training { optimizer, patience, ..base.clone() };
        let train = |epochs: u32, checkpoints: &dyn Checkpoints| {
            let seen = Mutex::new(vec![]);
            let on_epoch = |report: EpochReport| seen.lock().unwrap().push(report.epoch);
            let (history, images) = with_threads(2, |run| {
                let run = Run { on_epoch: &on_epoch, checkpoints: Some(checkpoints), ..*run };
                let (mut model, plan) = (new(), Training { epochs, ..plan.clone() });
                let history = model.fit(&data, Some(&data), Loss::Bce, &plan, &run).unwrap();
                let rows: Vec<u32> = (0..50).collect();
                (history, model.reconstruct(&data, &rows, &run).unwrap())
            });
            (history, images, seen.into_inner().unwrap())
        };
        let all = Memory::default();
        let (history, images, _) = train(6, &all);
        let states = all.0.into_inner().unwrap();
        for (epoch, state) in &states {
            let one = Memory(Mutex::new([(*epoch, state.clone())].into()));
            let (again, same, seen) = train(6, &one);
            assert_eq!((&again, &same), (&history, &images), "{optimizer:?} from epoch {epoch}");
            let last = history.train_loss.len() as u32;
            assert_eq!(seen, (epoch + 1..=last).collect::<Vec<_>>(), "only the epochs after {epoch} were trained");
        }
        // Fewer epochs first, then more.
        let memory = Memory::default();
        train(2, &memory);
        let (longer, same, _) = train(6, &memory);
        assert_eq!((longer, same), (history, images), "{optimizer:?}");
    }
}

#[test]
fn a_state_that_does_not_fit_is_no_beginning() {
    let memory = Memory::default();
    memory.save(1, true, b"something else");
    with_threads(1, |run| {
        let run = Run { checkpoints: Some(&memory), ..*run };
        let plan = training(2, 10, 1e-3);
        let history = conv_autoencoder().fit(&bars([8, 8, 1], 20), None, Loss::Mse, &plan, &run).unwrap();
        assert_eq!(history.train_loss.len(), 2);
    });
}

#[test]
fn a_stop_asked_for_ends_training() {
    with_threads(1, |run| {
        let run = Run { on_epoch: &|_| run.cancel.cancel(), ..*run };
        let (mut model, data) = (conv_autoencoder(), bars([8, 8, 1], 30));
        assert_eq!(model.fit(&data, None, Loss::Mse, &training(5, 10, 1e-3), &run), Err(TrainError::Interrupted));
        assert_eq!(model.encode(&data, &run), Err(TrainError::Interrupted));
    });
}
