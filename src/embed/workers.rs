//! Parallel loops that give the same result on any number of threads and stop when asked to. Knows nothing of the work.

use rayon::prelude::*;

use crate::cancel::{Cancel, Interrupted};

/// Chunks handed to the pool at once, for each of its threads: few enough that a stop is noticed soon, enough that
/// threads seldom wait for each other.
const CHUNKS_PER_THREAD: usize = 8;

/// The threads that may be used, and the flag that stops them.
#[derive(Clone, Copy)]
pub struct Workers<'a> {
    pub pool: &'a rayon::ThreadPool,
    pub cancel: &'a Cancel,
}

impl Workers<'_> {
    /// `work(0), work(1), ..., work(count - 1)` in that order, computed in parallel. Asks for a stop now and then.
    pub fn map<T: Send>(&self, count: usize, work: impl Fn(usize) -> T + Sync) -> Result<Vec<T>, Interrupted> {
        let group = CHUNKS_PER_THREAD * self.pool.current_num_threads();
        let mut results = Vec::with_capacity(count);
        for start in (0..count).step_by(group) {
            self.cancel.check()?;
            let end = count.min(start + group);
            results.extend(self.pool.install(|| (start..end).into_par_iter().map(&work).collect::<Vec<T>>()));
        }
        Ok(results)
    }

    /// Calls `work` with the index of every chunk of `length` items and the chunk. Short work only: it is not stopped.
    pub fn fill<T: Send>(&self, items: &mut [T], length: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let chunks = |items: &mut [T]| {
            items.par_chunks_mut(length).enumerate().for_each(|(index, chunk)| work(index, chunk));
        };
        self.pool.install(|| chunks(items));
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Runs `test` with a pool of `threads` threads.
    pub fn with_threads<T>(threads: usize, test: impl FnOnce(Workers) -> T) -> T {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        test(Workers { pool: &pool, cancel: &Cancel::default() })
    }

    #[test]
    fn results_come_in_order() {
        with_threads(2, |workers| {
            assert_eq!(workers.map(100, |at| at * at), Ok((0..100).map(|at| at * at).collect()));
            let mut items = [0; 10];
            workers.fill(&mut items, 4, |index, chunk| chunk.fill(index));
            assert_eq!(items, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
        });
    }

    #[test]
    fn a_stop_is_noticed() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let cancel = Cancel::default();
        let workers = Workers { pool: &pool, cancel: &cancel };
        let stop_at_ten = |at: usize| {
            if at == 10 {
                cancel.cancel()
            }
        };
        assert_eq!(workers.map(1000, stop_at_ten), Err(Interrupted));
    }
}
