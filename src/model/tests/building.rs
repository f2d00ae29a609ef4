//! What models are made of and give untrained, and what is no model.

use super::*;
use crate::model::classifier::Classifier;
use crate::model::shape::LayerInfo;
use crate::model::train::Loss;

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
        let mut model = autoencoder(&["dense 3"], decoder, [8, 8, 1]);
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
        let mut model = autoencoder(&["dense 3"], decoder, [8, 8, 1]);
        assert!(!model.start_at_mean(&bars([8, 8, 1], 8)).unwrap(), "{decoder:?}");
    }
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
    let model = autoencoder(&encoder, &decoder, [28, 28, 1]);
    let (encoder, decoder) = model.layers();
    let sum = |layers: &[LayerInfo]| layers.iter().map(|layer| layer.parameters).sum::<usize>();
    assert_eq!((sum(&encoder), sum(&decoder)), (219_584, 259_521));
    assert_eq!(model.parameters(), 219_584 + 259_521);
    assert_eq!(model.latent_dim(), 64);
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

fn refused(encoder: &[&str], decoder: &[&str]) -> String {
    Autoencoder::new(&layers(encoder), &layers(decoder), [1, 1, 12], 3, false).err().unwrap().to_string()
}

#[test]
fn only_the_end_of_an_encoder_draws_codes() {
    insta::assert_snapshot!(refused(&["gaussian 3", "dense 3"], &["dense 12"]), @"in the encoder, layer 1 (`gaussian 3`) draws a code, which only the last layer of an encoder can");
    insta::assert_snapshot!(refused(&["dense 3"], &["gaussian 12"]), @"in the decoder, layer 1 (`gaussian 12`) draws a code, which only the last layer of an encoder can");
}

#[test]
fn what_cannot_be_trained_says_why() {
    with_threads(1, |run| {
        let data = bars([1, 1, 12], 10);
        let model = || autoencoder(&["dense 4"], &["dense 12"], [1, 1, 12]);
        let said = |data: &Bars, loss, plan: Training| model().fit(data, None, loss, &plan, run).unwrap_err();
        insta::assert_snapshot!(said(&data, Loss::Mse, training(1, 0, 0.1)), @"the batch size must be at least 1");
        insta::assert_snapshot!(said(&data, Loss::Mse, training(1, 5, f64::NAN)), @"the learning rate must be a number above 0");
        insta::assert_snapshot!(said(&data, Loss::Ssim, training(1, 5, 0.1)), @"ssim needs images of at least 7x7, these are 12 features");
        insta::assert_snapshot!(said(&bars([1, 1, 12], 0), Loss::Mse, training(1, 5, 0.1)), @"there are no samples to train or validate on");
        insta::assert_snapshot!(said(&bars([2, 3, 1], 4), Loss::Mse, training(1, 5, 0.1)), @"the samples are 2x3x1, and the model takes 12 features");
        insta::assert_snapshot!(refused(&["dense 4"], &["dense 11"]), @"in the decoder, the last layer gives 11 features (11 numbers); it needs to give 12 features (12 numbers), as many as the encoder takes");
        let unfit = Classifier::new(&layers(&["dense 4"]), [1, 1, 12], 10, 3).err().unwrap();
        insta::assert_snapshot!(unfit, @"in the classifier, the last layer gives 4 numbers; it needs to give 10, one a class");
        let mut classifier = Classifier::new(&layers(&["dense 3"]), [1, 1, 12], 3, 3).unwrap();
        insta::assert_snapshot!(classifier.fit(&data, None, &training(1, 5, 0.1), run).unwrap_err(), @"label 3 is beyond the 3 classes of the model");
    });
}
