//! `sample`: what a decoder makes of codes: of random ones, along single dimensions, from one image to another.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rand::SeedableRng;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::{ArtifactType, array};
use crate::dataset::Split;
use crate::dataset::samples::Samples;
use crate::embed::walks;
use crate::kind::{Description, Facts, InputPort, OutputPort, ParamProblem, params_of};
use crate::model::autoencoder::Autoencoder;
use crate::stage::kinds::train_autoencoder::open_model;
use crate::stage::{Context, Output, Stage, StageError, data, problems, training};

pub struct Sample;

/// Random codes decoded when nothing else is said.
const DRAWS: usize = 64;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Images decoded from random codes, of a model whose encoder ends in a `gaussian` layer; left out: 64 of such a
    /// model, none of others.
    #[schemars(range(min = 0, max = 1024))]
    draws: Option<usize>,
    /// Dimensions of the code that are traversed, those first along which the training codes vary most.
    #[serde(default = "default_traversals")]
    #[schemars(range(min = 0, max = 64))]
    traversals: usize,
    /// The image whose code is moved in traversals, from 0; of the test split, where there is one.
    #[serde(default)]
    #[schemars(range(min = 0))]
    image: u32,
    /// Pairs of random images of that split between whose codes is interpolated.
    #[serde(default = "default_interpolations")]
    #[schemars(range(min = 0, max = 64))]
    interpolations: usize,
    /// Images in a traversal or an interpolation.
    #[serde(default = "default_steps")]
    #[schemars(range(min = 2, max = 20))]
    steps: usize,
    /// Rows and columns of the map of a code of two numbers; 0 for no map.
    #[serde(default = "default_grid")]
    #[schemars(range(min = 0, max = 40))]
    grid: usize,
}

fn default_traversals() -> usize {
    8
}

fn default_interpolations() -> usize {
    6
}

fn default_steps() -> usize {
    9
}

fn default_grid() -> usize {
    15
}

static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| Description {
    kind: "sample",
    version: 1,
    summary: "Decodes random codes, latent traversals and interpolations.",
    details: "A variational autoencoder's decoder makes images of codes drawn from the standard normal distribution. With \
              a data set, of any autoencoder: latent traversals, an image's code with one number moved evenly from the \
              0.01 to the 0.99 quantile of the training codes; interpolations, straight lines between the codes of two \
              images; and of codes of two numbers a map, whose rows and columns have equal shares of the training codes \
              between them. Images are of the test split, or else of `validation` or `train`. Codes of a `gaussian` layer are its means.",
    inputs: vec![
        InputPort::required("model", &[ArtifactType::Model], "the trained autoencoder"),
        InputPort::optional(
            "dataset",
            &[ArtifactType::Dataset],
            "what it was trained on, for traversals, interpolations and the map",
        ),
    ],
    outputs: vec![OutputPort::new("samples", ArtifactType::Samples, "images with the codes they were decoded from")],
    params: params_of::<Params>(),
    example: r#"[stages.samples]
uses = "sample"
inputs = { model = "autoencoder", dataset = "normalize" }
traversals = 10
"#,
    ..Description::default()
});

impl Stage for Sample {
    fn description(&self) -> &Description {
        &DESCRIPTION
    }

    fn check(&self, params: &Value, inputs: &BTreeMap<String, Facts>) -> Result<Facts, Vec<ParamProblem>> {
        let params: Params = problems::parse(params)?;
        let model = inputs.get("model").cloned().unwrap_or_default();
        let Some(drawn) = model.draws_codes else { return Ok(Facts::default()) };
        let latent_dim = model.latent_dim.map_or("N".to_owned(), |dim| dim.to_string());
        match draws(&params, drawn, inputs.contains_key("dataset"), &latent_dim) {
            Ok(_) => Ok(Facts::default()),
            Err((message, help)) => Err(vec![problems::problem("draws", message).help(help)]),
        }
    }

    fn draws_random(&self, _params: &Value) -> bool {
        true
    }

    fn execute(&self, context: &Context) -> Result<Output, StageError> {
        let params: Params = context.params()?;
        let model = open_model(context.input("model")?)?;
        let has_data = context.inputs.contains_key("dataset");
        let count = draws(&params, model.draws_codes(), has_data, &model.latent_dim().to_string())
            .map_err(|(message, help)| StageError::with_help(message, help))?;
        let mut description = json!({ "latent_dim": model.latent_dim(), "draws": count });
        let maker = Maker { context, model };
        if count > 0 {
            let codes = maker.model.draw_codes(count, context.seed);
            maker.images("draws.npy", &[count], &codes)?;
            array::write(&context.output("samples", "draws.codes.npy")?, &[count, maker.model.latent_dim()], &codes)?;
        }
        if has_data {
            maker.walks(&params, &mut description)?;
        }
        data::write_json(&context.output("samples", "samples.json")?, &description)?;
        Ok(Output::default())
    }
}

/// How many random codes to decode. Error: the model draws none, or there is nothing to make at all; and what to do.
fn draws(params: &Params, drawn: bool, has_data: bool, latent_dim: &str) -> Result<usize, (String, String)> {
    let write = format!("end its encoder with `gaussian {latent_dim}` where `dense {latent_dim}` stands");
    match params.draws {
        Some(1..) if !drawn => Err((
            "random codes mean nothing to this model's decoder: its encoder does not end in a `gaussian` layer".into(),
            format!("{write}, or leave `draws` out"),
        )),
        None | Some(0) if !drawn && !has_data => Err((
            "there is nothing to decode: no random codes, and no data set to take codes from".into(),
            format!("wire a data set to the input `dataset`, or {write}"),
        )),
        Some(count) => Ok(count),
        None => Ok(if drawn { DRAWS } else { 0 }),
    }
}

/// What images are decoded with.
struct Maker<'a> {
    context: &'a Context<'a>,
    model: Autoencoder,
}

impl Maker<'_> {
    /// Everything that begins at codes of the data.
    fn walks(&self, params: &Params, description: &mut Value) -> Result<(), StageError> {
        let dataset = data::open(self.context.input("dataset")?)?;
        let name = data::evaluated_split(&dataset);
        let (train, test) = (data::split(&dataset, "train")?, data::split(&dataset, name)?);
        let (codes, width) = (self.encode(&train)?, self.model.latent_dim());
        let own = self.encode(&test)?;
        description["split"] = json!(name);
        self.traversals(params, (name, &test), (&codes, &own), description)?;
        self.interpolations(params, &test, &own, description)?;
        if width == 2 && params.grid > 0 {
            self.map(params.grid, &codes, description)?;
        }
        Ok(())
    }

    fn traversals(
        &self,
        params: &Params,
        (name, test): (&str, &Split),
        (codes, own): (&[f32], &[f32]),
        description: &mut Value,
    ) -> Result<(), StageError> {
        let width = self.model.latent_dim();
        let image = params.image as usize;
        if params.traversals == 0 {
            return Ok(());
        }
        let Some(base) = own.chunks_exact(width).nth(image) else {
            let message = format!("there is no {name} image {image}: there are {}, counted from 0", test.len());
            return Err(StageError::with_help(message, "set `image` lower"));
        };
        let extents: Vec<_> = walks::extents(codes, width).into_iter().take(params.traversals).collect();
        let all: Vec<f32> = extents.iter().flat_map(|extent| extent.traversal(base, params.steps)).collect();
        self.images("traversals.npy", &[extents.len(), params.steps], &all)?;
        self.originals("image.npy", &[1], test, &[params.image])?;
        let of = |extent: &walks::Extent| json!({ "dimension": extent.dimension, "low": extent.low, "high": extent.high, "deviation": extent.deviation });
        description["image"] = json!(image);
        description["traversals"] = extents.iter().map(of).collect();
        Ok(())
    }

    fn interpolations(
        &self,
        params: &Params,
        test: &Split,
        own: &[f32],
        description: &mut Value,
    ) -> Result<(), StageError> {
        let mut random = ChaCha8Rng::seed_from_u64(self.context.seed);
        let pairs = params.interpolations.min(test.len() / 2);
        if pairs == 0 {
            return Ok(());
        }
        let width = self.model.latent_dim();
        let rows: Vec<u32> = index::sample(&mut random, test.len(), 2 * pairs).iter().map(|row| row as u32).collect();
        let code = |row: u32| &own[row as usize * width..][..width];
        let lines = rows.chunks_exact(2).flat_map(|pair| walks::line(code(pair[0]), code(pair[1]), params.steps));
        self.images("interpolations.npy", &[pairs, params.steps], &lines.collect::<Vec<_>>())?;
        self.originals("ends.npy", &[pairs, 2], test, &rows)?;
        description["interpolations"] = rows.chunks_exact(2).collect();
        Ok(())
    }

    /// Rows from the top down by the second number falling, columns by the first rising.
    fn map(&self, count: usize, codes: &[f32], description: &mut Value) -> Result<(), StageError> {
        let [x, y] = [0, 1].map(|dimension| walks::even_shares(codes, 2, dimension, count));
        let all: Vec<f32> = y.iter().rev().flat_map(|y| x.iter().flat_map(|x| [*x, *y])).collect();
        self.images("map.npy", &[count, count], &all)?;
        description["map"] = json!({ "x": x, "y": y });
        Ok(())
    }

    fn encode(&self, split: &Split) -> Result<Vec<f32>, StageError> {
        training::with_run(self.context, |run| self.model.encode(split, run))
    }

    /// Writes what is decoded of `codes`, which are as many as the product of `shape`.
    fn images(&self, file: &str, shape: &[usize], codes: &[f32]) -> Result<(), StageError> {
        let images = training::with_run(self.context, |run| self.model.decode(codes, run))?;
        let shape = [shape, &self.model.input()].concat();
        Ok(array::write(&self.context.output("samples", file)?, &shape, &images)?)
    }

    fn originals(&self, file: &str, shape: &[usize], test: &Split, rows: &[u32]) -> Result<(), StageError> {
        let mut images = vec![0.0; rows.len() * test.shape().iter().product::<usize>()];
        test.gather(rows, &mut images);
        let shape = [shape, &test.shape()].concat();
        Ok(array::write(&self.context.output("samples", file)?, &shape, &images)?)
    }
}
