//! What models learn.

use super::*;
use crate::model::autoencoder::Objective;
use crate::model::classifier::Classifier;
use crate::model::train::{Loss, Optimizer, TrainError};

#[test]
fn dense_and_convolutional_autoencoders_learn() {
    with_threads(2, |run| {
        let data = bars([8, 8, 1], 128);
        for (encoder, decoder) in [
            (&["dense 32 relu", "dense 4"][..], &["dense 32 relu", "dense 64 sigmoid"][..]),
            (&["conv 6 3x3 same relu", "maxpool 2", "dense 4"][..], &CONV_DECODER[..]),
        ] {
            for (loss, bound) in [(Loss::Mse, 0.02), (Loss::Bce, 0.4), (Loss::L1, 0.06), (Loss::Ssim, 0.3)] {
                let mut model = autoencoder(encoder, decoder, [8, 8, 1]);
                let history = model.fit(&data, Some(&data), loss, &training(40, 32, 1e-2), run).unwrap();
                assert!(history.val_loss[39] < bound, "{encoder:?} {loss:?}: {:?}", history.val_loss[39]);
                assert!(history.val_loss[39] < history.val_loss[0]);
                assert_eq!(history.val_mse.len(), if loss == Loss::Mse { 0 } else { 40 });
            }
        }
    });
}

#[test]
fn every_optimizer_lowers_the_loss() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 100);
        for (optimizer, rate) in [
            (Optimizer::Adam, 1e-2),
            (Optimizer::AdamW { weight_decay: 4e-3 }, 1e-2),
            (Optimizer::Sgd { momentum: 0.0 }, 1.0),
            (Optimizer::Sgd { momentum: 0.9 }, 0.3),
            (Optimizer::RmsProp, 1e-2),
        ] {
            let mut model = autoencoder(&["dense 4"], &["dense 12"], [1, 1, 12]);
            let plan = Training { optimizer, ..training(40, 20, rate) };
            let history = model.fit(&data, None, Loss::Mse, &plan, run).unwrap();
            assert!(history.train_loss[39] < 0.02, "{optimizer:?}: {:?}", history.train_loss[39]);
            assert!(history.val_loss.is_empty());
        }
    });
}

#[test]
fn training_that_ends_early_keeps_the_best_epoch() {
    with_threads(2, |run| {
        // Few noisy samples to learn by heart, other ones to validate on.
        let (train, validation) = (bars([1, 1, 12], 8), bars([1, 1, 12], 200));
        let mut model = autoencoder(&["dense 30 relu"], &["dense 12"], [1, 1, 12]);
        let plan = Training { patience: Some(3), ..training(500, 4, 3e-2) };
        let history = model.fit(&train, Some(&validation), Loss::Mse, &plan, run).unwrap();
        let best = history.best_epoch.unwrap() as usize;
        assert!(history.val_loss.len() == best + 3 && best + 3 < 500, "{best}");
        let lowest = history.val_loss.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(history.val_loss[best - 1], lowest);
        let rows: Vec<u32> = (0..200).collect();
        let (given, mut wanted) = (model.reconstruct(&validation, &rows, run).unwrap(), vec![0.0; 200 * 12]);
        validation.gather(&rows, &mut wanted);
        let squares: f64 = given.iter().zip(&wanted).map(|(a, b)| f64::from(a - b).powi(2)).sum();
        assert!((squares / 2400.0 - lowest).abs() < 1e-7, "{squares} {lowest}");
    });
}

#[test]
fn a_variational_autoencoder_learns_codes_of_about_the_standard_normal_distribution() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 200);
        let train = |beta: f64| {
            let decoder = ["dense 16 tanh", "dense 12 sigmoid"];
            let mut model = autoencoder(&["dense 16 tanh", "gaussian 3"], &decoder, [1, 1, 12]);
            let objective = Objective { loss: Loss::Bce, beta };
            let history = model.fit(&data, Some(&data), objective, &training(60, 20, 1e-2), run).unwrap();
            (model, history)
        };
        let (model, history) = train(0.1);
        assert_eq!((model.latent_dim(), model.parameters()), (3, 13 * 16 + 17 * 6 + 4 * 16 + 17 * 12));
        assert!(history.val_loss[59] < history.val_loss[0] && history.val_divergence[59] > 0.5, "{history:?}");
        let each = model.divergences(&data, run).unwrap();
        assert!((each.iter().sum::<f64>() - history.val_divergence[59]).abs() < 1e-9, "{each:?}");
        // The codes of all samples together are about what the decoder is sampled with.
        let codes = model.encode(&data, run).unwrap();
        assert!(codes.iter().all(|code| code.abs() < 5.0));
        let images = model.decode(&model.draw_codes(100, 7), run).unwrap();
        assert!(images.len() == 1200 && images.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        // What is decoded of a sample's code is its reconstruction.
        let rows: Vec<u32> = (0..200).collect();
        assert_eq!(model.decode(&codes, run).unwrap(), model.reconstruct(&data, &rows, run).unwrap());
        // A divergence that counts for much is made small.
        let (_, pressed) = train(100.0);
        assert!(pressed.val_divergence[59] < 0.05, "{:?}", pressed.val_divergence[59]);
    });
}

#[test]
fn a_classifier_learns_and_its_probabilities_sum_to_one() {
    with_threads(2, |run| {
        let data = bars([8, 8, 1], 90);
        for end in ["dense 4 softmax", "dense 4"] {
            let mut model = Classifier::new(&layers(&["dense 16 relu", end]), [8, 8, 1], 4, 5).unwrap();
            let history = model.fit(&data, Some(&data), &training(20, 16, 1e-2), run).unwrap();
            assert_eq!(history.val_accuracy[19], 1.0);
            assert!(history.train_accuracy[19] > 0.95);
            assert!(history.val_loss[19] < 0.1);
            let probabilities = model.predict(&data, run).unwrap();
            for (row, scores) in probabilities.chunks_exact(4).enumerate() {
                assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-5);
                assert!(scores[row % 4] > 0.5);
            }
        }
    });
}

#[test]
fn a_learning_rate_far_too_high_is_reported_with_its_epoch() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 100);
        let mut model = autoencoder(&["dense 4 relu"], &["dense 12"], [1, 1, 12]);
        let plan = Training { optimizer: Optimizer::Sgd { momentum: 0.0 }, ..training(5, 20, 1e12) };
        let error = model.fit(&data, None, Loss::Mse, &plan, run).unwrap_err();
        assert!(matches!(&error, TrainError::Diverged { epoch: 1, batch, .. } if *batch > 1), "{error}");
        insta::assert_snapshot!(error, @"training diverged in epoch 1, batch 2: the training loss became infinite; try a lower learning rate");
    });
}
