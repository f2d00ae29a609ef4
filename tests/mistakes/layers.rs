//! Layers that do not fit each other.

use crate::common::{PIPELINE, Project};
use crate::{said, said_of};

/// What is said of `stage`, added to the usual pipeline.
fn said_with(stage: &str) -> String {
    said(&Project::with_pipeline(&format!("{PIPELINE}{stage}")), 3, &[])
}

#[test]
fn a_decoder_that_does_not_mirror_what_it_is_tied_to() {
    let decoder = "decoder = [\"dense 16 relu\", ";
    insta::assert_snapshot!(said_of(decoder, "tied = true\ndecoder = [\"dense 15 relu\", "), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 1 (`dense 15 relu`) makes 15 numbers of 4; tied to the encoder's layer 2 (`dense 4`), it has to make 16 of 4
      --> pipelines/tiny.toml:29:12
       |
    29 | decoder = ["dense 15 relu", "dense 784 sigmoid", "reshape 28x28x1"]
       |            ^^^^^^^^^^^^^^^
       |
       = help: let it mirror that, or set tied = false
    "#);
}

#[test]
fn random_codes_for_a_decoder_that_never_saw_any() {
    let stage = "\n[stages.samples]\nuses = \"sample\"\ninputs = { model = \"autoencoder\" }\n";
    insta::assert_snapshot!(said_with(&format!("{stage}draws = 16\n")), @r#"
    error[unfit-param]: `draws` of `samples`: random codes mean nothing to this model's decoder: its encoder does not end in a `gaussian` layer
      --> pipelines/tiny.toml:48:9
       |
    48 | draws = 16
       |         ^^
       |
       = help: end its encoder with `gaussian 4` where `dense 4` stands, or leave `draws` out
    "#);
    insta::assert_snapshot!(said_with(stage), @r#"
    error[unfit-param]: `draws` of `samples`: there is nothing to decode: no random codes, and no data set to take codes from
      --> pipelines/tiny.toml:45:9
       |
    45 | [stages.samples]
       |         ^^^^^^^ `draws` has its default here
       |
       = help: wire a data set to the input `dataset`, or end its encoder with `gaussian 4` where `dense 4` stands
    "#);
}

#[test]
fn a_classifier_that_draws_codes() {
    insta::assert_snapshot!(said_of("hidden = []", "hidden = [\"gaussian 8\", \"gaussian 4\"]"), @r#"
    error[unfit-param]: `hidden` of `classifier`: layer 1 (`gaussian 8`) draws a code, which only the last layer of an encoder can
      --> pipelines/tiny.toml:42:11
       |
    42 | hidden = ["gaussian 8", "gaussian 4"]
       |           ^^^^^^^^^^^^
       |
       = help: write `dense`
    "#);
}

#[test]
fn shapes_that_do_not_fit() {
    insta::assert_snapshot!(said_of("\"dense 784 sigmoid\", ", "\"dense 783 sigmoid\", "), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 3 (`reshape 28x28x1`) gets 783 features; that is 783 numbers, and the new shape needs 784
      --> pipelines/tiny.toml:28:50
       |
    28 | decoder = ["dense 16 relu", "dense 783 sigmoid", "reshape 28x28x1"]
       |                                                  ^^^^^^^^^^^^^^^^^
       |
       = help: write `dense 784 sigmoid` as layer 2
    "#);
    insta::assert_snapshot!(said_of("[\"dense 16 relu\", \"dense ${latent}\"]", "[\"conv 4 3x3 same relu\", \"maxpool 40\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 2 (`maxpool 40`) gets 28x28x4; it needs at least 40x40
      --> pipelines/tiny.toml:27:36
       |
    27 | encoder = ["conv 4 3x3 same relu", "maxpool 40", "dense 4"]
       |                                    ^^^^^^^^^^^^
       |
       = help: use a smaller window, fewer pooling layers before it, or larger images
    "#);
    insta::assert_snapshot!(said_of("\"dense 784 sigmoid\", \"reshape 28x28x1\"", "\"dense 100 sigmoid\""), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 100 numbers, but an image has 784
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dense 100 sigmoid"]
       |                             ^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 784 numbers (28x28x1), such as "dense 784 sigmoid"
    "#);
}

#[test]
fn shapes_of_convolutions_that_do_not_fit() {
    let encoder = "[\"dense 16 relu\", \"dense ${latent}\"]";
    insta::assert_snapshot!(said_of(encoder, "[\"conv 4 3x3 same relu\", \"maxpool 8\", \"conv 4 5x5 valid relu\", \"flatten\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 3 (`conv 4 5x5 valid relu`) gets 3x3x4; it needs at least 5x5
      --> pipelines/tiny.toml:27:49
       |
    27 | encoder = ["conv 4 3x3 same relu", "maxpool 8", "conv 4 5x5 valid relu", "flatten", "dense 4"]
       |                                                 ^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: use a smaller window, fewer pooling layers before it, or larger images
    "#);
    insta::assert_snapshot!(said_of(encoder, "[\"conv 4 3x3 same relu\", \"flatten\", \"maxpool 2\", \"dense 4\"]"), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 3 (`maxpool 2`) gets 3136 features; it needs images
      --> pipelines/tiny.toml:27:47
       |
    27 | encoder = ["conv 4 3x3 same relu", "flatten", "maxpool 2", "dense 4"]
       |                                               ^^^^^^^^^^^
       |
       = help: put `reshape HEIGHTxWIDTHxCHANNELS` before it
    "#);
    let decoder = "[\"dense 16 relu\", \"dense 784 sigmoid\", \"reshape 28x28x1\"]";
    insta::assert_snapshot!(said_of(decoder, "[\"dense 98 relu\", \"reshape 7x7x2\", \"upsample 2\", \"conv 1 3x3 valid sigmoid\"]"), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 144 numbers, but an image has 784
      --> pipelines/tiny.toml:28:60
       |
    28 | decoder = ["dense 98 relu", "reshape 7x7x2", "upsample 2", "conv 1 3x3 valid sigmoid"]
       |                                                            ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 784 numbers (28x28x1), such as "dense 784 sigmoid"
    "#);
}

#[test]
fn a_warm_up_longer_than_the_training() {
    insta::assert_snapshot!(said_of("epochs = \"${epochs}\"", "epochs = 6\nwarmup_epochs = 10"), @r"
    error[unfit-param]: `warmup_epochs` of `autoencoder`: the warm-up takes 10 epochs, and the training 6
      --> pipelines/tiny.toml:30:17
       |
    30 | warmup_epochs = 10
       |                 ^^
       |
       = help: set `warmup_epochs` to at most 6, or train longer
    ");
    insta::assert_snapshot!(said_of("hidden = []\n", "hidden = []\nwarmup_epochs = 2.5\n"), @r"
    error[unfit-param]: `warmup_epochs` of `classifier`: the warm-up takes 2.5 epochs, and the training 1
      --> pipelines/tiny.toml:43:17
       |
    43 | warmup_epochs = 2.5
       |                 ^^^
       |
       = help: set `warmup_epochs` to at most 1, or train longer
    ");
}

#[test]
fn a_weight_decay_for_another_optimizer() {
    insta::assert_snapshot!(said_of("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\nweight_decay = 0.01"), @r#"
    error[unfit-param]: `weight_decay` of `autoencoder`: `weight_decay` is for the optimizer `adamw`, and this one is `adam`
      --> pipelines/tiny.toml:30:16
       |
    30 | weight_decay = 0.01
       |                ^^^^
       |
       = help: set optimizer = "adamw", or leave `weight_decay` out
    "#);
}

#[test]
fn a_decoder_whose_numbers_cross_entropy_is_not_for() {
    let decoder = "\"dense 784 sigmoid\", \"reshape 28x28x1\"";
    insta::assert_snapshot!(said_of(decoder, "\"dense 784\", \"reshape 28x28x1\""), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 2 (`dense 784`) can give numbers below 0 or above 1; loss = "bce" is for numbers from 0 to 1, each by itself
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dense 784", "reshape 28x28x1"]
       |                             ^^^^^^^^^^^
       |
       = help: write `dense 784 sigmoid`, or set loss = "mse"
    "#);
    insta::assert_snapshot!(said_of(decoder, "\"dense 784 softmax\""), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 2 (`dense 784 softmax`) gives shares that sum to 1; loss = "bce" is for numbers from 0 to 1, each by itself
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dense 784 softmax"]
       |                             ^^^^^^^^^^^^^^^^^^^
       |
       = help: write `dense 784 sigmoid`, or set loss = "mse"
    "#);
    insta::assert_snapshot!(said_of(decoder, "\"dense 784 sigmoid\", \"batchnorm\""), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: layer 3 (`batchnorm`) can give numbers below 0 or above 1; loss = "bce" is for numbers from 0 to 1, each by itself
      --> pipelines/tiny.toml:28:50
       |
    28 | decoder = ["dense 16 relu", "dense 784 sigmoid", "batchnorm"]
       |                                                  ^^^^^^^^^^^
       |
       = help: end the decoder with `sigmoid`, or set loss = "mse"
    "#);
}

#[test]
fn all_that_does_not_fit_is_said_at_once() {
    let decoder = "decoder = [\"dense 16 relu\", \"dense 784 sigmoid\", \"reshape 28x28x1\"]\nepochs = \"${epochs}\"";
    let wrong = "decoder = [\"dense 16 relu\", \"dense 783 sigmoid\"]\nepochs = 6\nwarmup_epochs = 10";
    insta::assert_snapshot!(said_of(decoder, wrong), @r#"
    error[unfit-param]: `decoder` of `autoencoder`: the last layer gives 783 numbers, but an image has 784
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dense 783 sigmoid"]
       |                             ^^^^^^^^^^^^^^^^^^^
       |
       = help: end the decoder with 784 numbers (28x28x1), such as "dense 784 sigmoid"

    error[unfit-param]: `warmup_epochs` of `autoencoder`: the warm-up takes 10 epochs, and the training 6
      --> pipelines/tiny.toml:30:17
       |
    30 | warmup_epochs = 10
       |                 ^^
       |
       = help: set `warmup_epochs` to at most 6, or train longer
    "#);
    let project = Project::new();
    project.edit_pipeline("[\"dense 16 relu\", \"dense ${latent}\"]", "[\"maxpool 40\", \"gaussian 4\", \"dense 4\"]");
    project.edit_pipeline("\"dense 784 sigmoid\"", "\"dens 784 sigmoid\"");
    insta::assert_snapshot!(said(&project, 3, &[]), @r#"
    error[unfit-param]: `encoder` of `autoencoder`: layer 1 (`maxpool 40`) gets 28x28x1; it needs at least 40x40
      --> pipelines/tiny.toml:27:12
       |
    27 | encoder = ["maxpool 40", "gaussian 4", "dense 4"]
       |            ^^^^^^^^^^^^
       |
       = help: use a smaller window, fewer pooling layers before it, or larger images

    error[unfit-param]: `encoder` of `autoencoder`: layer 2 (`gaussian 4`) draws a code, which only the last layer of an encoder can
      --> pipelines/tiny.toml:27:26
       |
    27 | encoder = ["maxpool 40", "gaussian 4", "dense 4"]
       |                          ^^^^^^^^^^^^
       |
       = help: move it to the end of the encoder, or write `dense`

    error[unfit-param]: `decoder` of `autoencoder`: `dens` is not a layer
      --> pipelines/tiny.toml:28:29
       |
    28 | decoder = ["dense 16 relu", "dens 784 sigmoid", "reshape 28x28x1"]
       |                             ^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `dense`?
    "#);
}

#[test]
fn a_weight_of_a_divergence_that_there_is_not() {
    insta::assert_snapshot!(said_of("epochs = \"${epochs}\"", "epochs = \"${epochs}\"\nbeta = 4.0"), @r"
    error[unfit-param]: `beta` of `autoencoder`: `beta` weighs the divergence of drawn codes, and this encoder draws none
      --> pipelines/tiny.toml:30:8
       |
    30 | beta = 4.0
       |        ^^^
       |
       = help: end `encoder` with a `gaussian` layer, or leave `beta` out
    ");
}
