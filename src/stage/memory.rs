//! Whether a training fits into memory: asked before it begins, since a process that gets none is ended by the system,
//! with all the stages in it.

use std::fs::read_to_string;

use crate::model::layer::LayerSpec;
use crate::model::shape::{LayerInfo, infer};
use crate::model::train::Training;
use crate::stage::StageError;
use crate::text;

/// Fails when training the layers of `parts`, params by name, on so many samples surely needs more memory than is free.
pub fn check(
    parts: &[(&str, &[LayerSpec])],
    input: [usize; 3],
    samples: usize,
    training: &Training,
) -> Result<(), StageError> {
    available().map_or(Ok(()), |free| check_against(free, parts, input, samples, training))
}

fn check_against(
    free: u64,
    parts: &[(&str, &[LayerSpec])],
    input: [usize; 3],
    samples: usize,
    training: &Training,
) -> Result<(), StageError> {
    let (mut shape, mut layers) = (input, Vec::new());
    for (part, specs) in parts {
        // Layers that do not fit are refused by whoever builds the network.
        let Ok(infos) = infer(specs, shape) else { return Ok(()) };
        shape = infos.last().map_or(shape, |info| info.output);
        layers.extend(infos.into_iter().enumerate().map(|(index, info)| (*part, index + 1, info)));
    }
    let bytes = |(_, _, info): &(&str, usize, LayerInfo)| training.memory(info, samples);
    let needed = layers.iter().map(bytes).fold(0, u64::saturating_add);
    let Some(largest) = layers.iter().max_by_key(|layer| bytes(layer)).filter(|_| needed > free) else { return Ok(()) };
    let (part, place, info) = largest;
    let message = format!(
        "`{part}`: training needs at least {} of memory and {} are free; layer {place} (`{}`) alone takes {}",
        text::bytes(needed),
        text::bytes(free),
        info.layer,
        text::bytes(bytes(largest))
    );
    Err(StageError::with_help(message, "make that layer smaller, or set a smaller `batch_size`"))
}

/// Bytes that this process can still get, swap included; `None` where the system does not say.
fn available() -> Option<u64> {
    let machine = read_to_string("/proc/meminfo").ok()?;
    let free = kibibytes(&machine, "MemAvailable:")?.saturating_add(kibibytes(&machine, "SwapFree:").unwrap_or(0));
    Some(left_of_limit().map_or(free, |left| left.min(free)))
}

/// What is left of the address space that the process may have, when that is limited.
fn left_of_limit() -> Option<u64> {
    let limits = read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let used = kibibytes(&read_to_string("/proc/self/status").ok()?, "VmSize:")?;
    Some(limit.saturating_sub(used))
}

/// The bytes in a line such as `MemAvailable:  123 kB`.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(texts: &[&str]) -> Vec<LayerSpec> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_training_that_cannot_fit_names_its_largest_layer() {
        let (encoder, decoder) = (layers(&["dense 1000000 relu", "dense 8"]), layers(&["dense 784 sigmoid"]));
        let parts = [("encoder", &encoder[..]), ("decoder", &decoder[..])];
        let training = Training { batch_size: 256, ..Training::default() };
        let check = |free| check_against(free, &parts, [28, 28, 1], 1000, &training);
        let Err(StageError::Failed { message, help: Some(help) }) = check(3_500_000_000) else { panic!("it fits") };
        insta::assert_snapshot!(format!("{message}\n{help}"), @r"
        `encoder`: training needs at least 21.6 GiB of memory and 3.3 GiB are free; layer 1 (`dense 1000000 relu`) alone takes 21.4 GiB
        make that layer smaller, or set a smaller `batch_size`
        ");
        assert!(check(30_000_000_000).is_ok());
    }

    #[test]
    fn the_memory_of_a_small_layer_is_counted() {
        // Weights, the gradients of four shards and the optimizer's two moments; outputs for a whole batch.
        let info = infer(&layers(&["dense 10"]), [28, 28, 1]).unwrap().remove(0);
        let training = Training { batch_size: 256, ..Training::default() };
        assert_eq!(training.memory(&info, 1000), 4 * (7850 * 7 + 2560));
        assert_eq!(training.memory(&info, 64), 4 * (7850 * 4 + 640));
    }

    #[test]
    fn memory_is_read_as_the_system_tells_it() {
        assert_eq!(kibibytes("MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "MemAvailable:"), Some(2 << 20));
        assert_eq!(kibibytes("MemTotal:  9 kB\n", "MemAvailable:"), None);
    }
}
