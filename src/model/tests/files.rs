//! Weights in files, and that threads change no byte of them.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::model::train::{History, Loss, TrainError};

/// A model with the weights of a file.
fn load(encoder: &[&str], decoder: &[&str], input: [usize; 3], path: &Path) -> Result<Autoencoder, TrainError> {
    let mut model = autoencoder(encoder, decoder, input);
    model.read(path).map(|()| model)
}

/// A folder with a model's weights as `encoder`, `decoder` and `whole`.
fn saved(model: &Autoencoder) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name);
    model.save(&path("encoder"), &path("decoder"), &path("whole")).unwrap();
    folder
}

fn trained(threads: usize) -> (Vec<u8>, History, Vec<f32>) {
    with_threads(threads, |run| {
        let mut model = conv_autoencoder();
        let data = Bars { noisy: true, ..bars([8, 8, 1], 130) };
        let history = model.fit(&data, Some(&data), Loss::Bce, &training(2, 50, 1e-2), run).unwrap();
        let bytes = std::fs::read(saved(&model).path().join("whole")).unwrap();
        (bytes, history, model.encode(&data, run).unwrap())
    })
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let one = trained(1);
    for threads in [2, 3, 8, 64] {
        assert!(trained(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_model_survives_its_file() {
    with_threads(2, |run| {
        let mut model = conv_autoencoder();
        let data = bars([8, 8, 1], 60);
        model.fit(&data, None, Loss::Mse, &training(1, 20, 1e-2), run).unwrap();
        let folder = saved(&model);
        let [encoder, whole] = ["encoder", "whole"].map(|name| folder.path().join(name));
        let again = load(&CONV_ENCODER, &CONV_DECODER, [8, 8, 1], &whole).unwrap();
        let rows = [5, 3, 59];
        assert_eq!(model.reconstruct(&data, &rows, run).unwrap(), again.reconstruct(&data, &rows, run).unwrap());
        // A file of something else is refused.
        let other = load(&["dense 3"], &["dense 64"], [8, 8, 1], &whole);
        assert!(matches!(other, Err(TrainError::Invalid(why)) if why.contains("holds 14 tensors, the model has 4")));
        assert!(load(&CONV_ENCODER, &CONV_DECODER, [8, 8, 1], &encoder).is_err());
    });
}

#[test]
fn tied_weights_are_counted_trained_and_kept_once() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 200);
        let (encoder, decoder) = (["dense 8 tanh", "dense 3"], ["dense 8 tanh", "dense 12 sigmoid"]);
        let new = |seed| Autoencoder::new(&layers(&encoder), &layers(&decoder), [1, 1, 12], seed, true).unwrap();
        let mut model = new(3);
        assert_eq!(model.parameters(), (12 * 8 + 8) + (8 * 3 + 3) + 8 + 12);
        let told: Vec<usize> = model.layers().1.iter().map(|layer| layer.parameters).collect();
        assert_eq!(told, [8, 12]);
        let history = model.fit(&data, None, Loss::Mse, &training(40, 20, 1e-2), run).unwrap();
        assert!(history.train_loss[39] < 0.5 * history.train_loss[0], "{history:?}");
        let folder = saved(&model);
        let whole = folder.path().join("whole");
        let mut again = new(4);
        again.read(&whole).unwrap();
        let given = |model: &Autoencoder| model.reconstruct(&data, &[0, 1, 2], run).unwrap();
        assert_eq!(given(&model), given(&again));
        let untied = load(&encoder, &decoder, [1, 1, 12], &whole);
        assert!(untied.err().unwrap().to_string().contains("holds 6 tensors, the model has 8"));
    });
}
