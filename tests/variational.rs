//! From a variational autoencoder to images of random codes, traversals and interpolations.

mod common;

use common::{PIPELINE, Project};
use serde_json::Value;

const SAMPLES: &str = r#"
[stages.samples]
uses = "sample"
inputs = { model = "autoencoder", dataset = "split" }
draws = 5
traversals = 3
interpolations = 2
steps = 4
grid = 3

[stages.report]
uses = "report"
"#;

fn project() -> Project {
    let project = Project::with_pipeline(&format!("{PIPELINE}{SAMPLES}"));
    project.edit_pipeline("\"dense ${latent}\"", "\"gaussian ${latent}\"");
    project
}

/// Shape of a `.npy` file.
fn shape(project: &Project, file: &Value) -> Vec<usize> {
    let path = project.path(file["path"].as_str().expect("a file has a path"));
    pipeline::artifact::array::Array::<f32>::open(&path).expect("an array of f32").shape().to_vec()
}

#[test]
fn images_are_decoded_from_random_codes_along_dimensions_and_between_images() {
    let project = project();
    project.run(&["--set", "latent=2"]);
    let files = project.artifact_files();
    let of = |name: &str| shape(&project, &files[&format!("samples.samples/{name}")]);
    assert_eq!(of("draws.npy"), [5, 28, 28, 1]);
    assert_eq!(of("draws.codes.npy"), [5, 2]);
    assert_eq!((of("traversals.npy"), of("image.npy")), (vec![2, 4, 28, 28, 1], vec![1, 28, 28, 1]));
    assert_eq!((of("interpolations.npy"), of("ends.npy")), (vec![2, 4, 28, 28, 1], vec![2, 2, 28, 28, 1]));
    assert_eq!(of("map.npy"), [3, 3, 28, 28, 1]);
}

#[test]
fn the_bound_is_minus_reconstruction_loss_and_divergence_in_every_epoch() {
    let project = project();
    let launch = project.run(&["--set", "latent=3"]);
    let metrics = &launch.named("run_finished").next().expect("a run ends")["metrics"];
    let of =
        |name: &str| metrics[format!("autoencoder.{name}")].as_f64().unwrap_or_else(|| panic!("{name}: {metrics}"));
    assert!((of("val_elbo") + of("val_reconstruction") + of("val_divergence")).abs() < 1e-9);
    assert!((of("val_loss") - (of("val_reconstruction") + of("val_divergence")) / 784.0).abs() < 1e-9);
}
