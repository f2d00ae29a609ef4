//! Whether a training fits into memory: asked before it begins, since a process that gets none is ended by the system,
//! with all the stages in it.

use std::fs::read_to_string;
use std::path::Path;

use crate::model::shape::LayerInfo;
use crate::model::train::Training;
use crate::stage::StageError;
use crate::text;

/// Fails when training the layers of `parts`, by names for people, on so many samples surely needs more memory than is
/// free; `help` says what to do then.
pub fn check(
    parts: &[(&str, &[LayerInfo])],
    samples: usize,
    training: &Training,
    help: &str,
) -> Result<(), StageError> {
    available().map_or(Ok(()), |free| check_against(free, parts, samples, training, help))
}

fn check_against(
    free: u64,
    parts: &[(&str, &[LayerInfo])],
    samples: usize,
    training: &Training,
    help: &str,
) -> Result<(), StageError> {
    let mut layers = Vec::new();
    for (part, infos) in parts {
        layers.extend(infos.iter().zip(1..).map(|(info, place)| (*part, place, info)));
    }
    let bytes = |(_, _, info): &(&str, u32, &LayerInfo)| training.memory(info, samples);
    let needed = layers.iter().map(bytes).fold(0, u64::saturating_add);
    let Some(largest) = layers.iter().max_by_key(|layer| bytes(layer)).filter(|_| needed > free) else { return Ok(()) };
    let (part, place, info) = largest;
    let message = format!(
        "{part}: training needs at least {} of memory and {} are free; layer {place} (`{}`) alone takes {}",
        text::bytes(needed),
        text::bytes(free),
        info.layer,
        text::bytes(bytes(largest))
    );
    Err(StageError::with_help(message, help))
}

/// Bytes that this process can still get, swap included; `None` where the system does not say.
fn available() -> Option<u64> {
    let machine = read_to_string("/proc/meminfo").ok()?;
    let swap = kibibytes(&machine, "SwapFree:").unwrap_or(0);
    let free = kibibytes(&machine, "MemAvailable:")?;
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_group = left_of_groups(Path::new("/sys/fs/cgroup"), &groups);
    let free = of_group.map_or(free, |left| left.min(free)).saturating_add(swap);
    Some(left_of_limit().map_or(free, |left| left.min(free)))
}

/// What is left of the memory that the control groups of this process may have together, without what the system can
/// take back from their files; `None` without a limit. `groups` is `/proc/self/cgroup`, `root` where groups are mounted.
/// A group's limit holds for all in it, so each group above counts too.
fn left_of_groups(root: &Path, groups: &str) -> Option<u64> {
    let of_line = |line: &str| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        // Version 2 has one tree for all controllers, version 1 one for memory.
        let [tree, limit, used] = match controllers {
            "" => ["", "memory.max", "memory.current"],
            _ if controllers.split(',').any(|name| name == "memory") => {
                ["memory", "memory.limit_in_bytes", "memory.usage_in_bytes"]
            }
            _ => return None,
        };
        let left = |group: &Path| {
            let group = root.join(tree).join(group);
            let number = |file: &str| read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
            let files = read_to_string(group.join("memory.stat")).unwrap_or_default();
            let used = number(used)?.saturating_sub(file_bytes(&files));
            Some(number(limit)?.saturating_sub(used))
        };
        Path::new(path.trim_start_matches('/')).ancestors().filter_map(left).min()
    };
    groups.lines().filter_map(of_line).min()
}

/// Bytes of files kept in memory, in a group and all below it.
fn file_bytes(stat: &str) -> u64 {
    let of = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<u64>().ok());
    let total = |version_1: &str, version_2: &str| of(version_1).or_else(|| of(version_2)).unwrap_or(0);
    total("total_inactive_file", "inactive_file") + total("total_active_file", "active_file")
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
    use crate::model::layer::LayerSpec;
    use crate::model::shape::infer;

    fn infos(texts: &[&str], input: [usize; 3]) -> Vec<LayerInfo> {
        let layers: Vec<LayerSpec> = texts.iter().map(|text| text.parse().unwrap()).collect();
        infer(&layers, input).unwrap()
    }

    #[test]
    fn a_training_that_cannot_fit_names_its_largest_layer() {
        let encoder = infos(&["dense 1000000 relu", "dense 8"], [28, 28, 1]);
        let decoder = infos(&["dense 784 sigmoid"], [1, 1, 8]);
        let parts = [("`encoder`", &encoder[..]), ("`decoder`", &decoder[..])];
        let training = Training { batch_size: 256, ..Training::default() };
        let check = |free| check_against(free, &parts, 1000, &training, "make it smaller");
        let Err(StageError::Failed { message, help: Some(help) }) = check(3_500_000_000) else {
            panic!("it cannot fit")
        };
        insta::assert_snapshot!(format!("{message}\n{help}"), @r"
        `encoder`: training needs at least 21.6 GiB of memory and 3.3 GiB are free; layer 1 (`dense 1000000 relu`) alone takes 21.4 GiB
        make it smaller
        ");
        assert!(check(30_000_000_000).is_ok());
    }

    #[test]
    fn the_memory_of_a_small_layer_is_counted() {
        // Weights, the gradients of four shards and the optimizer's two moments; outputs for a whole batch.
        let info = infos(&["dense 10"], [28, 28, 1]).remove(0);
        let training = Training { batch_size: 256, ..Training::default() };
        assert_eq!(training.memory(&info, 1000), 4 * (7850 * 7 + 2560));
        assert_eq!(training.memory(&info, 64), 4 * (7850 * 4 + 640));
    }

    #[test]
    fn the_windows_of_a_large_kernel_are_counted() {
        // Weights and outputs are small; each of two shards copies 4 rows of 28 windows of nine million numbers.
        let info = infos(&["conv 1 3000x3000 same"], [28, 28, 1]).remove(0);
        let training = Training { batch_size: 32, ..Training::default() };
        let windows = 4 * 2 * (4 * 28 * 9_000_000u64);
        assert_eq!(training.memory(&info, 1000), windows + 4 * (9_000_001 * 5 + 32 * 784));
    }

    #[test]
    fn the_tightest_group_limits() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let left = |groups| left_of_groups(dir.path(), groups);
        assert_eq!(left("0::/\n"), None);
        write("memory.max", "9000\n");
        write("memory.current", "2000\n");
        write("user/job/memory.max", "max\n");
        write("user/job/memory.current", "100\n");
        assert_eq!(left("0::/user/job\n"), Some(7000), "a group without a limit is in one that has one");
        write("user/memory.max", "1000\n");
        write("user/memory.current", "900\n");
        write("user/memory.stat", "anon 100\nfile 800\ninactive_file 500\nactive_file 200\n");
        assert_eq!(left("0::/user/job\n"), Some(800), "files kept in memory can be given up");
        write("memory/step/memory.limit_in_bytes", "600\n");
        write("memory/step/memory.usage_in_bytes", "500\n");
        write("memory/step/memory.stat", "inactive_file 1\ntotal_inactive_file 50\ntotal_active_file 0\n");
        assert_eq!(left("4:cpu,memory:/step\n1:name=systemd:/\n"), Some(150), "version 1");
        assert_eq!(left("4:cpu:/step\n"), None);
        assert_eq!(left(""), None);
    }

    #[test]
    fn memory_is_read_as_the_system_tells_it() {
        assert_eq!(kibibytes("MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "MemAvailable:"), Some(2 << 20));
        assert_eq!(kibibytes("MemTotal:  9 kB\n", "MemAvailable:"), None);
    }
}
