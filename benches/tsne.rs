//! t-SNE of points in a `.npy` file at perplexity 30; writes the plane's points and prints the seconds as JSON.
//! `cargo bench --bench tsne -- POINTS.npy EMBEDDED.npy [THREADS]`

use std::path::Path;
use std::time::Instant;

use pipeline::artifact::array::{self, Array};
use pipeline::cancel::Cancel;
use pipeline::embed::tsne::{Start, Tsne};
use pipeline::embed::workers::Workers;
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [points, embedded, rest @ ..] = &arguments[..] else { panic!("POINTS.npy EMBEDDED.npy [THREADS]") };
    let threads = rest.first().map_or(2, |text| text.parse().expect("threads are a number"));
    let points = Array::<f32>::open(Path::new(points)).expect("points as 32-bit numbers");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    let workers = Workers { pool: &pool, cancel: &Cancel::default() };
    let tsne =
        Tsne { perplexity: 30.0, iterations: 1000, early_exaggeration: 12.0, learning_rate: None, start: Start::Pca };
    let began = Instant::now();
    let found = tsne.fit(points.values(), points.width(), workers, &|_, _| ()).expect("an embedding");
    let seconds = began.elapsed().as_secs_f64();
    array::write(Path::new(embedded), &[points.len(), 2], &found.points).expect("the embedding is written");
    println!("{}", json!({"seconds": [seconds], "kl_divergence": found.kl_divergence}));
}
