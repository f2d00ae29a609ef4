//! A network on any device dfdx knows: its operations composed from dfdx's own, forward and back. Knows no data and no
//! training.

use dfdx::prelude::{Backward, Device, NoneTape, OwnedTape, Rank0, SumTo, Tape, Tensor, Trace, TryAdd, TryMul};

use crate::tensor::composed::{Flat, Made, Numbers, matrix};
use crate::tensor::dropout::mix;
use crate::tensor::float::Float;
use crate::tensor::gaussian::Draw;

use super::network::{Network, Op};
use super::step::Task;

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

/// What a network gives, and what else its gradient comes from.
type Outputs<E, D, T> = (Flat<E, D, T>, Option<Tensor<Rank0, E, D, T>>);

/// The network on a device, but its head.
fn forward<E: Float, D: Device<E>, T: Tape<E, D>>(
    network: &Network,
    numbers: &Numbers<'_, E, D>,
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

/// Forward and backward for a batch. The loss is compared on the host, and its gradient sent back.
pub(super) fn learn<E: Float, D: Device<E>>(
    device: &D,
    network: &Network,
    parameters: &[E],
    inputs: Vec<E>,
    targets: &[E],
    task: &Task,
    pass: &mut Pass<'_, E>,
) -> Made<Learned<E>, D> {
    let (numbers, rows) = (Numbers::new(device.clone(), parameters), inputs.len() / network.sizes().0);
    let x: Flat<E, D, OwnedTape<E, D>> = matrix(device, inputs, rows)?.leaky_trace();
    let (mut outputs, pull) = forward(network, &numbers, x, pass)?;
    if !task.before_head {
        outputs = network.head.compose(outputs, network.output[2])?;
    }
    let host = outputs.as_vec();
    let mut slopes = vec![E::default(); host.len()];
    let loss = task.comparison.sum(&host, targets, host.len() / rows, Some((&mut slopes, 1.0 / rows as f64)));
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
    pass: &mut Pass<'_, E>,
) -> Made<Vec<E>, D> {
    let (numbers, rows) = (Numbers::new(device.clone(), parameters), inputs.len() / network.sizes().0);
    let x: Flat<E, D, NoneTape> = matrix(device, inputs, rows)?;
    Ok(forward(network, &numbers, x, pass)?.0.as_vec())
}

#[cfg(test)]
mod tests {
    use dfdx::prelude::Cpu;

    use super::*;
    use crate::model::network::{self, Parts, Weights};
    use crate::model::tests::layers;
    use crate::tensor::check::{matrix as numbers_of, values};
    use crate::tensor::loss::Loss;
    use crate::tensor::storage::{Scratch, numbers};

    const ROWS: usize = 4;
    const DRAW: Draw = Draw { key: 7, first_row: 0, weight: 0.3 / ROWS as f64 };

    struct Case {
        texts: &'static [&'static str],
        /// A second part, whose dense layers are tied to the first's.
        tied: &'static [&'static str],
        input: [usize; 3],
        task: Task,
    }

    fn cases() -> Vec<Case> {
        let case = |texts, input, comparison, before_head| {
            let divergence_weight = 0.3;
            Case { texts, tied: &[], input, task: Task { divergence_weight, ..Task::new(comparison, before_head) } }
        };
        vec![
            Case {
                tied: &["dense 4 tanh", "dense 6"],
                ..case(&["dense 4 relu", "dense 2"], [1, 1, 6], Loss::Mse, false)
            },
            case(
                &["dense 7 relu", "dense 6 elu", "dense 5 leaky_relu", "dense 4 softmax"],
                [1, 1, 9],
                Loss::Mse,
                false,
            ),
            case(&["dense 6 gelu", "dense 5 tanh", "dense 3 softmax"], [1, 1, 4], Loss::CrossEntropy, true),
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
                Loss::BceLogits,
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
                Loss::Bce,
                false,
            ),
            case(&["upsample 2", "reshape 4x12x2", "conv 2 3x3 tanh"], [4, 6, 1], Loss::Mse, false),
            case(
                &["convtranspose 2 2x3 stride 3 valid", "conv 1 4x5 stride 3 same", "upsample 3"],
                [3, 2, 2],
                Loss::L1,
                false,
            ),
        ]
    }

    fn network(case: &Case) -> (Network, Weights<f64>) {
        let (first, second) = (layers(case.texts), layers(case.tied));
        let parts = [("encoder", &first[..]), ("decoder", &second[..])];
        let count = 2 - usize::from(second.is_empty());
        let (network, mut weights) = Network::new(&parts[..count], case.input, 3, count == 2).unwrap();
        let count = weights.parameters.values().len();
        let drawn = values(count, 8).into_iter().map(|value| 0.3 * value).collect::<Vec<f64>>();
        weights.parameters.values_mut().copy_from_slice(&drawn);
        weights.state.iter_mut().zip(values(count, 9)).for_each(|(state, value)| *state = value.abs());
        (network, weights)
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10 * b.abs().max(1.0))
    }

    /// A step of the network, with the statistics of its batch and the divergence of its codes.
    type Step = (Learned<f64>, Vec<f64>, Vec<f64>);

    fn composed(network: &Network, weights: &Weights<f64>, inputs: &[f64], targets: &[f64], task: &Task) -> Step {
        let (mut moments, mut divergence) = (vec![0.0; weights.state.len()], vec![0.0; network.drawn()]);
        let (state, parameters) = (&weights.state[..], weights.parameters.values());
        let mut pass =
            Pass { state, moments: &mut moments, is_training: true, draw: DRAW, divergence: &mut divergence };
        let learned = learn(&Cpu::default(), network, parameters, inputs.to_vec(), targets, task, &mut pass).unwrap();
        (learned, moments, divergence)
    }

    fn on_the_processor(
        network: &Network,
        weights: &Weights<f64>,
        inputs: &[f64],
        targets: &[f64],
        task: &Task,
    ) -> Step {
        let (mut moments, mut divergence) = (vec![0.0; weights.state.len()], vec![0.0; network.drawn()]);
        let (device, scratch) = (Cpu::default(), Scratch::default());
        let mut pass =
            network::Pass { scratch: &scratch, moments: &mut moments, draw: DRAW, divergence: &mut divergence };
        let inputs = matrix(&device, inputs.to_vec(), ROWS).unwrap().leaky_trace();
        let mut outputs = network.train(&weights.parameters, inputs, &mut pass);
        if !task.before_head {
            outputs = network.head.forward(outputs, network.output[2]);
        }
        let host = numbers(&outputs).to_vec();
        let targets = matrix(&device, targets.to_vec(), ROWS).unwrap();
        let (scalar, loss) = task.comparison.forward(outputs, &targets, 1.0 / ROWS as f64);
        let gradient = weights.parameters.end(scalar.backward()).unwrap();
        (Learned { outputs: host, loss, gradient }, moments, divergence)
    }

    #[test]
    fn a_step_is_that_of_the_operations_written_for_the_processor() {
        for case in cases() {
            let (network, weights) = network(&case);
            let (width, outputs) = network.sizes();
            let inputs = values(ROWS * width, 5);
            let targets: Vec<f64> = values(ROWS * outputs, 6).iter().map(|value| value.abs() / 1.02).collect();
            let [(found, moments, divergence), (expected, expected_moments, expected_divergence)] =
                [composed, on_the_processor].map(|step| step(&network, &weights, &inputs, &targets, &case.task));
            assert!(close(&found.outputs, &expected.outputs), "outputs of {:?}", case.texts);
            assert!(close(&[found.loss], &[expected.loss]), "{} {}", found.loss, expected.loss);
            assert!(close(&found.gradient, &expected.gradient), "gradient of {:?}", case.texts);
            assert!(close(&moments, &expected_moments), "moments of {:?}", case.texts);
            assert!(close(&divergence, &expected_divergence), "divergence of {:?}", case.texts);
        }
    }

    #[test]
    fn inference_is_that_of_the_operations_written_for_the_processor() {
        for case in cases() {
            let (network, weights) = network(&case);
            let inputs = numbers_of(3, network.sizes().0, 5);
            let [mut divergence, mut expected_divergence] = [(); 2].map(|()| vec![0.0; network.drawn()]);
            let drawing = Some((DRAW, &mut expected_divergence[..]));
            let expected = network.infer(Parts::All, &weights, inputs.clone(), &Scratch::default(), drawing);
            let (state, parameters) = (&weights.state[..], weights.parameters.values());
            let mut pass =
                Pass { state, moments: &mut [], is_training: false, draw: DRAW, divergence: &mut divergence };
            let found = infer(&Cpu::default(), &network, parameters, numbers(&inputs).to_vec(), &mut pass).unwrap();
            assert!(close(&found, numbers(&expected)), "{:?}", case.texts);
            assert!(close(&divergence, &expected_divergence), "divergence of {:?}", case.texts);
        }
    }
}
