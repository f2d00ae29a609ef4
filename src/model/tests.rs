//! Whole models: what they learn, that threads change nothing, that files hold everything.

use super::autoencoder::{Autoencoder, Objective};
use super::classifier::Classifier;
use super::layer::LayerSpec;
use super::train::{Checkpoints, Decay, EpochReport, History, Loss, Optimizer, Run, TrainError, Training};
use crate::cancel::Cancel;
use crate::dataset::samples::Samples;
use crate::device::Device;

/// Little images with one bright bar each, whose place is the label.
struct Bars {
    shape: [usize; 3],
    count: usize,
    labels: Vec<u32>,
    noisy: bool,
}

fn bars(shape: [usize; 3], count: usize) -> Bars {
    Bars { shape, count, labels: (0..count as u32).map(|row| row % 4).collect(), noisy: false }
}

impl Samples for Bars {
    fn len(&self) -> usize {
        self.count
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        let [height, width, channels] = self.shape;
        for (row, image) in rows.iter().zip(out.chunks_exact_mut(height * width * channels)) {
            for (place, pixel) in image.iter_mut().enumerate() {
                let column = place / channels % width;
                let bright = column * 4 / width == (*row % 4) as usize;
                let speckle = (*row as usize * 31 + place * 17) % 13;
                *pixel = if bright { 0.8 } else { 0.0 } + speckle as f32 / 100.0;
            }
        }
    }

    fn is_noisy(&self) -> bool {
        self.noisy
    }

    fn gather_inputs(&self, rows: &[u32], draw: u64, out: &mut [f32]) {
        self.gather(rows, out);
        if self.noisy {
            out.iter_mut().enumerate().for_each(|(i, x)| *x += ((i as u64 + draw) % 3) as f32 * 0.1);
        }
    }

    fn labels(&self) -> Option<&[u32]> {
        Some(&self.labels)
    }
}

fn layers(texts: &[&str]) -> Vec<LayerSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A model with the weights of a file.
fn load(
    encoder: &[LayerSpec],
    decoder: &[LayerSpec],
    input: [usize; 3],
    path: &std::path::Path,
) -> Result<Autoencoder, TrainError> {
    let mut model = Autoencoder::new(encoder, decoder, input, 0)?;
    model.read(path).map(|()| model)
}

fn training(epochs: u32, batch_size: usize, learning_rate: f64) -> Training {
    Training { epochs, batch_size, learning_rate, seed: 11, ..Training::default() }
}

fn with_threads<R>(threads: usize, work: impl FnOnce(&Run<'_>) -> R) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    work(&Run { device: Device::Cpu, pool: &pool, cancel: &Cancel::default(), on_epoch: &|_| {}, checkpoints: None })
}

const CONV_ENCODER: [&str; 6] = ["conv 6 3x3 same", "batchnorm", "relu", "maxpool 2", "dropout 0.1", "dense 3"];
const CONV_DECODER: [&str; 5] =
    ["dense 96 relu", "reshape 4x4x6", "conv 4 3x3 same relu", "upsample 2", "conv 1 3x3 same sigmoid"];

fn conv_autoencoder() -> Autoencoder {
    Autoencoder::new(&layers(&CONV_ENCODER), &layers(&CONV_DECODER), [8, 8, 1], 3).unwrap()
}

#[test]
fn an_untrained_model_can_start_at_the_mean_of_the_data() {
    let data = bars([8, 8, 1], 40);
    let rows: Vec<u32> = (0..40).collect();
    let mut images = vec![0.0; 40 * 64];
    data.gather(&rows, &mut images);
    let mean_at = |place: usize| images.iter().skip(place).step_by(64).sum::<f32>() / 40.0;
    // Zero weights, so that the biases alone speak: a dense layer has one for each pixel, a convolution one in all.
    for (decoder, want) in [
        (&["dense 64 sigmoid init zeros"][..], (0..64).map(mean_at).collect()),
        (&["dense 64 linear init zeros"], (0..64).map(mean_at).collect()),
        (
            &["dense 64", "reshape 8x8x1", "conv 1 3x3 same tanh init zeros"],
            vec![images.iter().sum::<f32>() / (40.0 * 64.0); 64],
        ),
    ] {
        let mut model = Autoencoder::new(&layers(&["dense 3"]), &layers(decoder), [8, 8, 1], 1).unwrap();
        assert!(model.start_at_mean(&data).unwrap());
        let given = with_threads(1, |run| model.reconstruct(&data, &[7], run)).unwrap();
        let worst = given.iter().zip(&want).map(|(got, want): (&f32, &f32)| (got - want).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-5, "{decoder:?}: {worst}");
    }
}

#[test]
fn a_model_whose_output_cannot_be_inverted_starts_where_it_is() {
    for decoder in [
        &["dense 16 relu", "reshape 4x4x1", "upsample 2"][..],
        &["dense 64 relu", "sigmoid"],
        &["dense 8", "reshape 2x2x2", "convtranspose 1 3x3 stride 4 relu", "sigmoid"],
    ] {
        let mut model = Autoencoder::new(&layers(&["dense 3"]), &layers(decoder), [8, 8, 1], 1).unwrap();
        assert!(!model.start_at_mean(&bars([8, 8, 1], 8)).unwrap(), "{decoder:?}");
    }
}

fn trained(threads: usize) -> (Vec<u8>, History, Vec<f32>) {
    with_threads(threads, |run| {
        let mut model = conv_autoencoder();
        let data = Bars { noisy: true, ..bars([8, 8, 1], 130) };
        let history = model.fit(&data, Some(&data), Loss::Bce, &training(2, 50, 1e-2), run).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = |name| dir.path().join(name);
        model.save(&path("e"), &path("d"), &path("w")).unwrap();
        (std::fs::read(path("w")).unwrap(), history, model.encode(&data, run).unwrap())
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
fn dense_and_convolutional_autoencoders_learn() {
    with_threads(2, |run| {
        let data = bars([8, 8, 1], 128);
        for (encoder, decoder) in [
            (&["dense 32 relu", "dense 4"][..], &["dense 32 relu", "dense 64 sigmoid"][..]),
            (&["conv 6 3x3 same relu", "maxpool 2", "dense 4"][..], &CONV_DECODER[..]),
        ] {
            for (loss, bound) in [(Loss::Mse, 0.02), (Loss::Bce, 0.4), (Loss::L1, 0.06), (Loss::Ssim, 0.3)] {
                let mut model = Autoencoder::new(&layers(encoder), &layers(decoder), [8, 8, 1], 3).unwrap();
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
            let mut model = Autoencoder::new(&layers(&["dense 4"]), &layers(&["dense 12"]), [1, 1, 12], 3).unwrap();
            let plan = Training { optimizer, ..training(40, 20, rate) };
            let history = model.fit(&data, None, Loss::Mse, &plan, run).unwrap();
            assert!(history.train_loss[39] < 0.02, "{optimizer:?}: {:?}", history.train_loss[39]);
            assert!(history.val_loss.is_empty());
        }
    });
}

/// Keeps every state in memory.
#[derive(Default)]
struct Memory(std::sync::Mutex<std::collections::BTreeMap<u32, Vec<u8>>>);

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
    let variational = || {
        let (encoder, decoder) = (["dense 16 tanh", "gaussian 3"], ["dense 16 tanh", "dense 64 sigmoid"]);
        Autoencoder::new(&layers(&encoder), &layers(&decoder), [8, 8, 1], 3).unwrap()
    };
    let tied = || {
        let (encoder, decoder) = (["dense 16 tanh", "dense 3"], ["dense 16 tanh", "dense 64 sigmoid"]);
        Autoencoder::build(&layers(&encoder), &layers(&decoder), [8, 8, 1], 3, true).unwrap()
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
            let seen = std::sync::Mutex::new(vec![]);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
            let on_epoch = |report: EpochReport| seen.lock().unwrap().push(report.epoch);
            let run = Run {
                device: Device::Cpu,
                pool: &pool,
                cancel: &Cancel::default(),
                on_epoch: &on_epoch,
                checkpoints: Some(checkpoints),
            };
            let mut model = new();
            let plan = Training { epochs, ..plan.clone() };
            let history = model.fit(&data, Some(&data), Loss::Bce, &plan, &run).unwrap();
            let rows: Vec<u32> = (0..50).collect();
            (history, model.reconstruct(&data, &rows, &run).unwrap(), seen.into_inner().unwrap())
        };
        let all = Memory::default();
        let (history, images, _) = train(6, &all);
        let states = all.0.into_inner().unwrap();
        for (epoch, state) in &states {
            let one = Memory(std::sync::Mutex::new([(*epoch, state.clone())].into()));
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
    let data = bars([8, 8, 1], 20);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let run = Run {
        device: Device::Cpu,
        pool: &pool,
        cancel: &Cancel::default(),
        on_epoch: &|_| {},
        checkpoints: Some(&memory),
    };
    let history = conv_autoencoder().fit(&data, None, Loss::Mse, &training(2, 10, 1e-3), &run).unwrap();
    assert_eq!(history.train_loss.len(), 2);
}

#[test]
fn training_that_ends_early_keeps_the_best_epoch() {
    with_threads(2, |run| {
        // Few noisy samples to learn by heart, other ones to validate on.
        let (train, validation) = (bars([1, 1, 12], 8), bars([1, 1, 12], 200));
        let mut model = Autoencoder::new(&layers(&["dense 30 relu"]), &layers(&["dense 12"]), [1, 1, 12], 3).unwrap();
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
        let (encoder, decoder) =
            (layers(&["dense 16 tanh", "gaussian 3"]), layers(&["dense 16 tanh", "dense 12 sigmoid"]));
        let train = |beta: f64| {
            let mut model = Autoencoder::new(&encoder, &decoder, [1, 1, 12], 3).unwrap();
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
fn tied_weights_are_counted_trained_and_kept_once() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 200);
        let (encoder, decoder) = (layers(&["dense 8 tanh", "dense 3"]), layers(&["dense 8 tanh", "dense 12 sigmoid"]));
        let new = |seed| Autoencoder::build(&encoder, &decoder, [1, 1, 12], seed, true).unwrap();
        let mut model = new(3);
        assert_eq!(model.parameters(), (12 * 8 + 8) + (8 * 3 + 3) + 8 + 12);
        let told: Vec<usize> = model.layers().1.iter().map(|layer| layer.parameters).collect();
        assert_eq!(told, [8, 12]);
        let history = model.fit(&data, None, Loss::Mse, &training(40, 20, 1e-2), run).unwrap();
        assert!(history.train_loss[39] < 0.5 * history.train_loss[0], "{history:?}");
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        model.save(&path("e"), &path("d"), &path("w")).unwrap();
        let mut again = new(4);
        again.read(&path("w")).unwrap();
        let given = |model: &Autoencoder| model.reconstruct(&data, &[0, 1, 2], run).unwrap();
        assert_eq!(given(&model), given(&again));
        let untied = load(&encoder, &decoder, [1, 1, 12], &path("w"));
        assert!(untied.err().unwrap().to_string().contains("holds 6 tensors, the model has 8"));
    });
}

#[test]
fn only_the_end_of_an_encoder_draws_codes() {
    let refused = |encoder: &[&str], decoder: &[&str]| {
        Autoencoder::new(&layers(encoder), &layers(decoder), [1, 1, 12], 3).err().unwrap().to_string()
    };
    insta::assert_snapshot!(refused(&["gaussian 3", "dense 3"], &["dense 12"]), @"in the encoder, layer 1 (`gaussian 3`) draws a code, which only the last layer of an encoder can");
    insta::assert_snapshot!(refused(&["dense 3"], &["gaussian 12"]), @"in the decoder, layer 1 (`gaussian 12`) draws a code, which only the last layer of an encoder can");
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
fn a_model_survives_its_file() {
    with_threads(2, |run| {
        let mut model = conv_autoencoder();
        let data = bars([8, 8, 1], 60);
        model.fit(&data, None, Loss::Mse, &training(1, 20, 1e-2), run).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = |name| dir.path().join(name);
        model.save(&path("e"), &path("d"), &path("w")).unwrap();
        let again = load(&layers(&CONV_ENCODER), &layers(&CONV_DECODER), [8, 8, 1], &path("w")).unwrap();
        let rows = [5, 3, 59];
        assert_eq!(model.reconstruct(&data, &rows, run).unwrap(), again.reconstruct(&data, &rows, run).unwrap());
        // A file of something else is refused.
        let other = load(&layers(&["dense 3"]), &layers(&["dense 64"]), [8, 8, 1], &path("w"));
        assert!(matches!(other, Err(TrainError::Invalid(why)) if why.contains("holds 14 tensors, the model has 4")));
        assert!(load(&layers(&CONV_ENCODER), &layers(&CONV_DECODER), [8, 8, 1], &path("e")).is_err());
    });
}

#[test]
fn reconstructions_come_in_the_order_asked_for() {
    with_threads(3, |run| {
        let model = conv_autoencoder();
        let data = bars([8, 8, 1], 100);
        let all: Vec<u32> = (0..100).collect();
        let together = model.reconstruct(&data, &all, run).unwrap();
        let alone = model.reconstruct(&data, &[70], run).unwrap();
        // Products of another size round differently.
        let same = together[70 * 64..71 * 64].iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(same && alone.len() == 64);
    });
}

#[test]
fn the_published_convolutional_autoencoder_has_its_parameter_counts() {
    let encoder = ["conv 32 3x3 same relu", "maxpool 2", "conv 64 3x3 same relu", "maxpool 2", "flatten", "dense 64"];
    let decoder = [
        "dense 3136 relu",
        "reshape 7x7x64",
        "conv 64 3x3 same relu",
        "upsample 2",
        "conv 32 3x3 same relu",
        "upsample 2",
        "conv 1 3x3 same sigmoid",
    ];
    let model = Autoencoder::new(&layers(&encoder), &layers(&decoder), [28, 28, 1], 1).unwrap();
    let (encoder, decoder) = model.layers();
    let sum = |layers: &[super::shape::LayerInfo]| layers.iter().map(|layer| layer.parameters).sum::<usize>();
    assert_eq!((sum(&encoder), sum(&decoder)), (219_584, 259_521));
    assert_eq!(model.parameters(), 219_584 + 259_521);
    assert_eq!(model.latent_dim(), 64);
}

#[test]
fn a_learning_rate_far_too_high_is_reported_with_its_epoch() {
    with_threads(2, |run| {
        let data = bars([1, 1, 12], 100);
        let mut model = Autoencoder::new(&layers(&["dense 4 relu"]), &layers(&["dense 12"]), [1, 1, 12], 3).unwrap();
        let plan = Training { optimizer: Optimizer::Sgd { momentum: 0.0 }, ..training(5, 20, 1e12) };
        let error = model.fit(&data, None, Loss::Mse, &plan, run).unwrap_err();
        assert!(matches!(&error, TrainError::Diverged { epoch: 1, batch, .. } if *batch > 1), "{error}");
        insta::assert_snapshot!(error, @"training diverged in epoch 1, batch 2: the training loss became infinite; try a lower learning rate");
    });
}

#[test]
fn what_cannot_be_trained_says_why() {
    with_threads(1, |run| {
        let data = bars([1, 1, 12], 10);
        let model = || Autoencoder::new(&layers(&["dense 4"]), &layers(&["dense 12"]), [1, 1, 12], 3).unwrap();
        let refused = |data: &Bars, loss, plan: Training| model().fit(data, None, loss, &plan, run).unwrap_err();
        insta::assert_snapshot!(refused(&data, Loss::Mse, training(1, 0, 0.1)), @"the batch size must be at least 1");
        insta::assert_snapshot!(refused(&data, Loss::Mse, training(1, 5, f64::NAN)), @"the learning rate must be a number above 0");
        insta::assert_snapshot!(refused(&data, Loss::Ssim, training(1, 5, 0.1)), @"ssim needs images of at least 7x7, these are 12 features");
        insta::assert_snapshot!(refused(&bars([1, 1, 12], 0), Loss::Mse, training(1, 5, 0.1)), @"there are no samples to train or validate on");
        insta::assert_snapshot!(refused(&bars([2, 3, 1], 4), Loss::Mse, training(1, 5, 0.1)), @"the samples are 2x3x1, and the model takes 12 features");
        let unfit = Autoencoder::new(&layers(&["dense 4"]), &layers(&["dense 11"]), [1, 1, 12], 3).err().unwrap();
        insta::assert_snapshot!(unfit, @"in the decoder, the last layer gives 11 features (11 numbers); it needs to give 12 features (12 numbers), as many as the encoder takes");
        let unfit = Classifier::new(&layers(&["dense 4"]), [1, 1, 12], 10, 3).err().unwrap();
        insta::assert_snapshot!(unfit, @"in the classifier, the last layer gives 4 numbers; it needs to give 10, one a class");
        let mut classifier = Classifier::new(&layers(&["dense 3"]), [1, 1, 12], 3, 3).unwrap();
        insta::assert_snapshot!(classifier.fit(&data, None, &training(1, 5, 0.1), run).unwrap_err(), @"label 3 is beyond the 3 classes of the model");
    });
}

#[test]
fn a_stop_asked_for_ends_training() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let cancel = Cancel::default();
    let stop = |_| cancel.cancel();
    let run = Run { device: Device::Cpu, pool: &pool, cancel: &cancel, on_epoch: &stop, checkpoints: None };
    let mut model = conv_autoencoder();
    let data = bars([8, 8, 1], 30);
    assert_eq!(model.fit(&data, None, Loss::Mse, &training(5, 10, 1e-3), &run), Err(TrainError::Interrupted));
    assert_eq!(model.encode(&data, &run), Err(TrainError::Interrupted));
}
