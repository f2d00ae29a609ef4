//! The operations this project adds to dfdx: each records itself on dfdx's tape and computes its own gradient.
//!
//! Activations are rank-2 tensors `(batch, features)`; an image's features are in height, width, channel order, so
//! flattening and reshaping are free. All trainable numbers of a network are one vector, of which an operation reads
//! ranges; a range belongs to one operation, which writes its gradient, but for the weights of a dense layer that another
//! one borrows transposed (`dense::Tie`): there the two add up. Everything is generic
//! over `f32` and `f64`: training runs in the first, the gradients are checked in the second. An operation runs on the
//! calling thread; nothing here knows of batches, threads or layers' texts.

pub mod activation;
pub mod batch_norm;
#[cfg(any(test, feature = "cuda"))]
pub mod composed;
pub mod conv2d;
pub mod conv_transpose2d;
pub mod dense;
pub mod dropout;
pub mod float;
pub mod flush;
pub mod gaussian;
pub mod gemm;
pub mod loss;
pub mod parameters;
pub mod pool;
pub mod simd;
pub mod ssim;
pub mod storage;
pub mod window;
pub mod winograd;

#[cfg(test)]
pub mod check;
