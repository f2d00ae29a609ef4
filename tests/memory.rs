//! Training needs no more memory in a late epoch than in an early one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pipeline::cancel::Cancel;
use pipeline::dataset::samples::Samples;
use pipeline::device::Device;
use pipeline::model::autoencoder::Autoencoder;
use pipeline::model::layer::LayerSpec;
use pipeline::model::train::{EpochReport, Loss, Run, Training};

/// The system's allocator, counting the bytes in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on unchanged to the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is that of this call.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Images of 8x8 pixels with a pattern of their own each.
struct Images(usize);

impl Samples for Images {
    fn len(&self) -> usize {
        self.0
    }

    fn shape(&self) -> [usize; 3] {
        [8, 8, 1]
    }

    fn gather(&self, rows: &[u32], out: &mut [f32]) {
        for (row, image) in rows.iter().zip(out.chunks_exact_mut(64)) {
            image.iter_mut().enumerate().for_each(|(at, pixel)| *pixel = ((at * (*row as usize + 3)) % 7) as f32 / 7.0);
        }
    }
}

fn layers(texts: &[&str]) -> Vec<LayerSpec> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// One test, because the allocator counts for all.
#[test]
fn thirty_epochs_end_with_as_many_bytes_in_use_as_three() {
    // Every way to convolve.
    check(
        &["conv 16 3x3 relu", "batchnorm", "maxpool 2", "conv 16 3x3 relu", "flatten", "dense 5"],
        &[
            "dense 256 relu",
            "dropout 0.1",
            "reshape 4x4x16",
            "convtranspose 16 3x3",
            "upsample 2",
            "conv 16 3x3 relu",
            "conv 1 3x3 sigmoid",
        ],
    );
    check(
        &["conv 8 3x3 stride 2 relu", "gaussian 5"],
        &["dense 128 relu", "reshape 4x4x8", "convtranspose 8 3x3 stride 2 relu", "conv 1 3x3 sigmoid"],
    );
}

fn check(encoder: &[&str], decoder: &[&str]) {
    let mut model = Autoencoder::new(&layers(encoder), &layers(decoder), [8, 8, 1], 1, false).unwrap();
    // One thread, because each has memory of its own from its first product on, whenever that is.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let in_use = Mutex::new(Vec::with_capacity(30));
    let on_epoch = |_: EpochReport| in_use.lock().unwrap().push(IN_USE.load(Ordering::Relaxed));
    let run =
        Run { pool: &pool, device: Device::Cpu, cancel: &Cancel::default(), on_epoch: &on_epoch, checkpoints: None };
    // With a last batch that is smaller.
    let training = Training { epochs: 30, batch_size: 32, seed: 1, ..Training::default() };
    model.fit(&Images(72), Some(&Images(40)), Loss::Mse, &training, &run).unwrap();
    let in_use = in_use.into_inner().unwrap();
    // The history grows by a few numbers an epoch.
    let grown = in_use[29].saturating_sub(in_use[2]);
    assert!(grown < 4096, "{grown} bytes more than {} after the third epoch: {in_use:?}", in_use[2]);
}
