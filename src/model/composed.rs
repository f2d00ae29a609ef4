//! Trainings' steps on any device dfdx knows, with the operations composed from dfdx's own. A batch is one piece there,
//! so a batch normalization's statistics are the whole batch's, not a shard's as on the processor. Samples are gathered, losses compared and parameters updated on the host, by the same code as everywhere; the network
//! runs forward and back on the device. Sums there have no fixed order, so the last bits may differ from launch to
//! launch.

use dfdx::prelude::{Backward, Device, NoneTape, OwnedTape, Rank0, SumTo, Tape, Tensor, Trace, TryAdd, TryMul};

use crate::dataset::samples::Samples;
use crate::tensor::composed::{Flat, Made, Numbers, matrix};
use crate::tensor::dropout::mix;
use crate::tensor::float::Float;
use crate::tensor::gaussian::Draw;
use crate::tensor::loss::Loss as Comparison;

use super::infer::count;
use super::network::{Network, Op, Weights};
use super::optimizer::Updates;
use super::step::{Batch, CODES_OF_VALIDATION, Engine, MOMENTUM, Sums, Task};
use super::train::{Run, TrainError};

/// What a batch needs on its way through the network.
pub(super) struct Pass<'a, E> {
    /// Running statistics to normalize with; batches' own are used and written to `moments` in training.
    pub state: &'a [E],
    pub moments: &'a mut [E],
    /// Whether dropout drops.
    pub is_training: bool,
    /// Key of the batch's dropout masks and codes.
    pub draw: Draw,
    /// Sums over rows of the codes' divergence in each dimension.
    pub divergence: &'a mut [f64],
}

/// What came of a batch.
pub(super) struct Learned<E> {
    /// Before the network's head.
    pub outputs: Vec<E>,
    /// Sum of the rows' losses, without the codes' divergence.
    pub loss: f64,
    pub gradient: Vec<E>,
}

/// A device that computes a training's steps.
pub(super) struct Accelerator<'a, D> {
    device: D,
    network: &'a Network,
    task: &'a Task,
}

/// Samples measured at once.
const MEASURED: usize = 512;

impl<'a, D: Device<f32>> Accelerator<'a, D> {
    pub fn new(device: D, network: &'a Network, task: &'a Task) -> Self {
        Self { device, network, task }
    }

    /// What the network is given for rows, and what its outputs are compared with.
    fn gather(&self, data: &dyn Samples, rows: &[u32], draw: u64) -> (Vec<f32>, Vec<f32>) {
        let mut inputs = vec![0.0; rows.len() * self.network.sizes().0];
        data.gather_inputs(rows, draw, &mut inputs);
        if self.task.targets_inputs(data) {
            return (inputs.clone(), inputs);
        }
        let mut targets = vec![0.0; rows.len() * self.task.target_width(data)];
        self.task.write_targets(data, rows, &mut targets);
        (inputs, targets)
    }
}

impl<D: Device<f32>> Engine for Accelerator<'_, D> {
    fn step(
        &mut self,
        weights: &mut Weights<f32>,
        updates: &mut Updates,
        data: &dyn Samples,
        batch: Batch<'_>,
        run: &Run<'_>,
    ) -> Result<Sums, TrainError> {
        let (rows, task) = (batch.rows, self.task);
        let (inputs, targets) = self.gather(data, rows, u64::from(batch.epoch));
        let (mut moments, mut divergence) = (vec![0.0; weights.state.len()], vec![0.0; self.network.drawn()]);
        let mut pass = Pass {
            state: &weights.state,
            moments: &mut moments,
            is_training: true,
            draw: Draw { key: batch.key, first_row: 0, weight: task.divergence_weight / rows.len() as f64 },
            divergence: &mut divergence,
        };
        let parameters = weights.parameters.values();
        let comparison = (&task.comparison, task.before_head);
        let learned =
            learn(&self.device, self.network, parameters, (inputs, &targets), rows.len(), comparison, &mut pass)
                .map_err(failed)?;
        let correct = task.count_correct(&learned.outputs, rows, data);
        let divergence = divergence.iter().sum::<f64>();
        let loss = learned.loss + task.divergence_weight * divergence;
        if loss.is_finite() {
            let parameters = weights.parameters.values_mut();
            run.pool.install(|| updates.apply(parameters, &[&learned.gradient], batch.rate));
        }
        let follow = |(running, moment): (&mut f32, &f32)| *running = *running * MOMENTUM + moment * (1.0 - MOMENTUM);
        weights.state.iter_mut().zip(&moments).for_each(follow);
        Ok(Sums { loss, divergence, correct, ..Sums::default() })
    }

    fn measure(&mut self, weights: &Weights<f32>, data: &dyn Samples, run: &Run<'_>) -> Result<Sums, TrainError> {
        let all: Vec<u32> = (0..count(data)?).collect();
        let mut sums = Sums::default();
        for rows in all.chunks(MEASURED) {
            if run.cancel.is_cancelled() {
                return Err(TrainError::Interrupted);
            }
            let (inputs, targets) = self.gather(data, rows, 0);
            let mut divergence = vec![0.0; self.network.drawn()];
            let first_row = rows.first().map_or(0, |row| *row as usize);
            let mut pass = Pass {
                state: &weights.state,
                moments: &mut [],
                is_training: false,
                draw: Draw { key: CODES_OF_VALIDATION, first_row, weight: 0.0 },
                divergence: &mut divergence,
            };
            let parameters = weights.parameters.values();
            let mut outputs =
                infer(&self.device, self.network, parameters, inputs, rows.len(), &mut pass).map_err(failed)?;
            sums.add(self.task.sums(self.network, &mut outputs, &targets, &divergence, (rows, data)));
        }
        Ok(sums)
    }
}

fn failed(error: impl std::fmt::Debug) -> TrainError {
    TrainError::Invalid(format!("the device failed: {error:?}"))
}

/// What a network gives, and what else its gradient comes from.
type Outputs<E, D, T> = (Flat<E, D, T>, Option<Tensor<Rank0, E, D, T>>);

/// The network on a device, but its head.
pub(super) fn forward<E: Float, D: Device<E>, T: Tape<E, D>>(
    network: &Network,
    numbers: &Numbers<E, D>,
    x: Flat<E, D, T>,
    pass: &mut Pass<'_, E>,
) -> Made<Outputs<E, D, T>, D> {
    let (mut x, mut pull) = (x, None);
    for (index, op) in network.ops().iter().enumerate() {
        let key = mix(pass.draw.key, index as u64);
        x = match op {
            Op::Dense(dense) => dense.compose(x, numbers)?,
            Op::Conv(conv) => conv.compose(x, numbers)?,
            Op::ConvTranspose(conv) => conv.compose(x, numbers)?,
            Op::Pool(pool) => pool.compose(x)?,
            Op::Upsample(upsample) => upsample.compose(x)?,
            Op::BatchNorm(norm) if pass.is_training => {
                norm.compose(x, numbers, &mut pass.moments[norm.running..][..2 * norm.width])?
            }
            Op::BatchNorm(norm) => norm.compose_still(x, numbers, pass.state)?,
            Op::Dropout(dropout) if pass.is_training => dropout.compose(x, key)?,
            Op::Dropout(_) => x,
            Op::Gaussian(gaussian) => {
                let draw = if pass.is_training { Draw { key, ..pass.draw } } else { pass.draw };
                let (codes, own) = gaussian.compose(x, draw, pass.divergence)?;
                pull = Some(own);
                codes
            }
            Op::Activation(activation, width) => activation.compose(x, *width)?,
        };
    }
    Ok((x, pull))
}

/// Forward and backward for a batch of `rows` samples. The loss is compared on the host, where `before_head` says with
/// what, and its gradient sent back.
pub(super) fn learn<E: Float, D: Device<E>>(
    device: &D,
    network: &Network,
    parameters: &[E],
    (inputs, targets): (Vec<E>, &[E]),
    rows: usize,
    (comparison, before_head): (&Comparison, bool),
    pass: &mut Pass<'_, E>,
) -> Made<Learned<E>, D> {
    let numbers = Numbers::new(device, parameters)?;
    let x: Flat<E, D, OwnedTape<E, D>> = matrix(device, inputs, rows)?.leaky_trace();
    let (mut outputs, pull) = forward(network, &numbers, x, pass)?;
    if !before_head {
        outputs = network.head.compose(outputs, network.output[2])?;
    }
    let host = outputs.as_vec();
    let mut slopes = vec![E::default(); host.len()];
    let loss = comparison.sum(&host, targets, host.len() / rows, Some((&mut slopes, 1.0 / rows as f64)));
    let slopes = matrix(device, slopes, rows)?.retaped::<OwnedTape<E, D>>();
    let mut whole = outputs.try_mul(slopes)?.try_sum::<Rank0, _>()?;
    if let Some(pull) = pull {
        whole = whole.try_add(pull)?;
    }
    let gradient = numbers.gradient(&whole.try_backward()?);
    Ok(Learned { outputs: host, loss, gradient })
}

/// What the network but its head gives in inference mode.
pub(super) fn infer<E: Float, D: Device<E>>(
    device: &D,
    network: &Network,
    parameters: &[E],
    inputs: Vec<E>,
    rows: usize,
    pass: &mut Pass<'_, E>,
) -> Made<Vec<E>, D> {
    let numbers = Numbers::new(device, parameters)?;
    let x: Flat<E, D, NoneTape> = matrix(device, inputs, rows)?;
    Ok(forward(network, &numbers, x, pass)?.0.as_vec())
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::cancel::Cancel;
    use crate::model::fit::{fit, fit_on};
    use crate::model::layer::LayerSpec;
    use crate::model::network;
    use crate::model::train::{Decay, Optimizer, Training};
    use crate::tensor::check::{matrix as numbers_of, values};
    use crate::tensor::storage::{Scratch, numbers};

    const KEY: u64 = 7;
    const WEIGHT: f64 = 0.3;

    struct Case {
        texts: &'static [&'static str],
        /// A second part, whose dense layers are tied to the first's.
        tied: &'static [&'static str],
        input: [usize; 3],
        comparison: Comparison,
        before_head: bool,
    }

    fn cases() -> Vec<Case> {
        let case = |texts, input, comparison, before_head| Case { texts, tied: &[], input, comparison, before_head };
        vec![
            Case {
                tied: &["dense 4 tanh", "dense 6"],
                ..case(&["dense 4 relu", "dense 2"], [1, 1, 6], Comparison::Mse, false)
            },
            case(
                &["dense 7 relu", "dense 6 elu", "dense 5 leaky_relu", "dense 4 softmax"],
                [1, 1, 9],
                Comparison::Mse,
                false,
            ),
            case(&["dense 6 gelu", "dense 5 tanh", "dense 3 softmax"], [1, 1, 4], Comparison::CrossEntropy, true),
            case(
                &[
                    "conv 3 3x3 same elu",
                    "batchnorm",
                    "maxpool 2",
                    "conv 2 2x3 stride 2 valid",
                    "flatten",
                    "gaussian 3",
                    "dense 8 sigmoid",
                ],
                [7, 9, 2],
                Comparison::BceLogits,
                true,
            ),
            case(
                &[
                    "avgpool 2",
                    "dropout 0.4",
                    "upsample 2",
                    "conv 3 3x3 same tanh",
                    "convtranspose 2 3x3 stride 2 same",
                    "sigmoid",
                ],
                [4, 6, 2],
                Comparison::Bce,
                false,
            ),
            case(&["upsample 2", "reshape 4x12x2", "conv 2 3x3 tanh"], [4, 6, 1], Comparison::Mse, false),
            case(
                &["convtranspose 2 2x3 stride 3 valid", "conv 1 4x5 stride 3 same", "upsample 3"],
                [3, 2, 2],
                Comparison::L1,
                false,
            ),
        ]
    }

    fn network(case: &Case) -> (Network, Weights<f64>) {
        let specs = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<LayerSpec>>();
        let (first, second) = (specs(case.texts), specs(case.tied));
        let parts = [("encoder", &first[..]), ("decoder", &second[..])];
        let count = 2 - usize::from(second.is_empty());
        let (network, mut weights) = Network::build(&parts[..count], case.input, 3, count == 2).unwrap();
        let count = weights.parameters.values().len();
        let drawn = values(count, 8).into_iter().map(|value| 0.3 * value).collect::<Vec<f64>>();
        weights.parameters.values_mut().copy_from_slice(&drawn);
        weights.state.iter_mut().zip(values(count, 9)).for_each(|(state, value)| *state = value.abs());
        (network, weights)
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs().max(1.0))
    }

    #[test]
    fn a_step_is_that_of_the_operations_written_for_the_processor() {
        cases().iter().for_each(check);
    }

    fn check(case: &Case) {
        const ROWS: usize = 4;
        {
            let (network, weights) = network(case);
            let inputs = numbers_of(ROWS, network.sizes().0, 5);
            let targets: Vec<f64> =
                values(ROWS * network.sizes().1, 6).iter().map(|value| value.abs() / 1.02).collect();
            let (share, scratch, drawn) = (1.0 / ROWS as f64, Scratch::default(), network.drawn());

            let [mut moments, mut expected_moments] = [(); 2].map(|()| vec![0.0; weights.state.len()]);
            let [mut divergence, mut expected_divergence] = [(); 2].map(|()| vec![0.0; drawn]);
            let mut pass = network::Pass {
                scratch: &scratch,
                moments: &mut expected_moments,
                key: KEY,
                first_row: 0,
                divergence: &mut expected_divergence,
                divergence_weight: WEIGHT * share,
            };
            let mut outputs = network.train(&weights.parameters, inputs.leaky_trace(), &mut pass);
            if !case.before_head {
                outputs = network.head.forward(outputs, network.output[2]);
            }
            let expected_outputs = numbers(&outputs).to_vec();
            let targets_matrix = matrix(&Cpu::default(), targets.clone(), ROWS).unwrap();
            let (loss, sum) = case.comparison.forward(outputs, &targets_matrix, share);
            let expected_gradient = weights.parameters.end(loss.backward()).unwrap();

            let mut pass = Pass {
                state: &weights.state,
                moments: &mut moments,
                is_training: true,
                draw: Draw { key: KEY, first_row: 0, weight: WEIGHT * share },
                divergence: &mut divergence,
            };
            let parameters = weights.parameters.values();
            let given = (numbers(&inputs).to_vec(), &targets[..]);
            let comparison = (&case.comparison, case.before_head);
            let learned = learn(&Cpu::default(), &network, parameters, given, ROWS, comparison, &mut pass).unwrap();
            assert!(close(&learned.outputs, &expected_outputs), "outputs of {:?}", case.texts);
            assert!(close(&[learned.loss], &[sum]), "{} {sum}", learned.loss);
            assert!(close(&learned.gradient, &expected_gradient), "gradient of {:?}", case.texts);
            assert!(close(&moments, &expected_moments), "moments of {:?}", case.texts);
            assert!(close(&divergence, &expected_divergence), "divergence of {:?}", case.texts);
        }
    }

    #[test]
    fn inference_is_that_of_the_operations_written_for_the_processor() {
        for case in cases() {
            let (network, weights) = network(&case);
            let inputs = numbers_of(3, network.sizes().0, 5);
            let draw = Draw { key: KEY, first_row: 0, weight: 0.0 };
            let [mut divergence, mut expected_divergence] = [(); 2].map(|()| vec![0.0; network.drawn()]);
            let drawing = (draw, &mut expected_divergence[..]);
            let expected = network.infer_drawn(&weights, inputs.clone(), &Scratch::default(), drawing);
            let mut pass =
                Pass { state: &weights.state, moments: &mut [], is_training: false, draw, divergence: &mut divergence };
            let parameters = weights.parameters.values();
            let found = infer(&Cpu::default(), &network, parameters, numbers(&inputs).to_vec(), 3, &mut pass).unwrap();
            assert!(close(&found, numbers(&expected)), "{:?}", case.texts);
            assert!(close(&divergence, &expected_divergence), "divergence of {:?}", case.texts);
        }
    }

    /// Images of bars with as many labels.
    struct Bars;

    impl Samples for Bars {
        fn len(&self) -> usize {
            30
        }

        fn shape(&self) -> [usize; 3] {
            [6, 6, 1]
        }

        fn labels(&self) -> Option<&[u32]> {
            Some(&[0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5])
        }

        fn gather(&self, rows: &[u32], out: &mut [f32]) {
            for (row, image) in rows.iter().zip(out.chunks_exact_mut(36)) {
                let bright = 0.5 + *row as f32 / 60.0;
                image.iter_mut().skip(*row as usize % 6).step_by(6).for_each(|pixel| *pixel = bright);
            }
        }
    }

    #[test]
    fn a_training_goes_as_on_the_processor() {
        let trained = |texts: &[&str], task: &Task, accelerated: bool| {
            let specs: Vec<LayerSpec> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let (network, mut weights) = Network::new::<f32>(&[("model", &specs)], [6, 6, 1], 3).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
            let run = Run {
                device: crate::device::Device::Cpu,
                pool: &pool,
                cancel: &Cancel::default(),
                on_epoch: &|_| {},
                checkpoints: None,
            };
            let training = Training {
                epochs: 4,
                batch_size: 24,
                // Adam would make steps of rounding errors where a gradient is zero.
                optimizer: Optimizer::Sgd { momentum: 0.5 },
                learning_rate: 0.1,
                decay: Decay::None,
                warmup: 0.0,
                clip_norm: None,
                patience: None,
                seed: 5,
                shuffle: true,
            };
            let data: (&dyn Samples, Option<&dyn Samples>) = (&Bars, Some(&Bars));
            let history = if accelerated {
                let mut engine = Accelerator::new(Cpu::default(), &network, task);
                fit_on(&mut engine, &network, &mut weights, task, data, &training, &run).unwrap()
            } else {
                fit(&network, &mut weights, task, data, &training, &run).unwrap()
            };
            let mut all = [history.train_loss, history.val_loss, history.val_accuracy, history.val_mse].concat();
            all.extend([history.train_divergence, history.val_divergence, history.train_accuracy].concat());
            (all, weights.parameters.values().to_vec())
        };
        let task = |comparison, classes| Task {
            comparison,
            before_head: true,
            classes,
            squared_error: classes.is_none(),
            divergence_weight: if classes.is_none() { 0.01 } else { 0.0 },
        };
        // Without batch norm: a shard's statistics are its own, and here a batch is one. The processor cuts the first
        // model's into two.
        for (texts, task) in [
            (
                &["conv 3 3x3 same elu", "dropout 0.2", "avgpool 2", "flatten", "gaussian 2", "dense 36 sigmoid"][..],
                task(Comparison::BceLogits, None),
            ),
            (&["flatten", "dense 8 tanh", "dense 6 softmax"], task(Comparison::CrossEntropy, Some(6))),
        ] {
            let [(found, weights), (expected, expected_weights)] = [true, false].map(|on| trained(texts, &task, on));
            assert!(found.len() >= 16 && found.len() == expected.len());
            let apart = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart(&found, &expected) < 1e-4, "{found:?}\n{expected:?}");
            let wide = |weights: Vec<f32>| weights.into_iter().map(f64::from).collect::<Vec<f64>>();
            assert!(apart(&wide(weights), &wide(expected_weights)) < 1e-4);
        }
    }
}
