//! The order in which samples are seen, and how a batch is cut into shards. Both are functions of the data's and the
//! model's size and of the seed, never of threads.

use std::ops::Range;

use rand_chacha::rand_core::RngCore;

use super::init;

/// The rows `0..count` in the order of an epoch.
pub(super) fn order(count: u32, seed: u64, epoch: u32, shuffle: bool) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..count).collect();
    if shuffle {
        let mut rng = init::stream(seed, "order of samples", u64::from(epoch));
        // Fisher and Yates, last place first.
        for last in (1..rows.len()).rev() {
            let chosen = (u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64;
            rows.swap(last, chosen as usize);
        }
    }
    rows
}

/// More shards than this are not made: each holds a gradient of all parameters.
const MOST_SHARDS: usize = 16;

/// Cuts a batch into shards of about `rows` samples, as even as can be.
pub(super) fn shards(batch: usize, rows: usize) -> impl Iterator<Item = Range<usize>> {
    let count = batch.div_ceil(rows).clamp(1, MOST_SHARDS);
    (0..count).map(move |shard| shard * batch / count..(shard + 1) * batch / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_that_depends_on_seed_and_epoch() {
        let first = order(100, 7, 1, true);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, order(100, 7, 1, false));
        assert_ne!(first, sorted);
        assert_eq!(first, order(100, 7, 1, true));
        assert_ne!(first, order(100, 7, 2, true));
        assert_ne!(first, order(100, 8, 1, true));
    }

    #[test]
    fn shards_cover_the_batch() {
        for batch in [1, 31, 64, 65, 256, 5000] {
            let cut: Vec<Range<usize>> = shards(batch, 64).collect();
            assert_eq!(cut.iter().cloned().flatten().collect::<Vec<_>>(), (0..batch).collect::<Vec<_>>());
            assert!(cut.len() <= MOST_SHARDS && cut.iter().all(|shard| !shard.is_empty()));
        }
    }
}
