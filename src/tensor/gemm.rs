//! Matrix products on slices, on the calling thread. Knows no tensor.

use super::float::Float;

/// A matrix in memory, perhaps transposed.
#[derive(Clone, Copy)]
pub struct Mat<'a, E> {
    numbers: &'a [E],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, E> Mat<'a, E> {
    /// `rows` x `columns` numbers, row after row.
    pub fn new(numbers: &'a [E], rows: usize, columns: usize) -> Self {
        assert!(numbers.len() >= rows * columns, "a matrix has all of its numbers");
        Self { numbers, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Columns `start..start + count` of it.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.columns, "columns within the matrix");
        let skipped = (start * self.column_stride).min(self.numbers.len());
        Self { numbers: &self.numbers[skipped..], columns: count, ..self }
    }

    /// The same numbers, rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// Writes `left` x `right` to `out` (row after row), or adds it to what is there.
pub fn multiply<E: Float>(out: &mut [E], left: Mat<'_, E>, right: Mat<'_, E>, add: bool) {
    multiply_scaled(out, E::ONE, left, right, add);
}

/// Writes `scale` x `left` x `right` to `out` (row after row), or adds it to what is there.
pub fn multiply_scaled<E: Float>(out: &mut [E], scale: E, left: Mat<'_, E>, right: Mat<'_, E>, add: bool) {
    let (rows, columns, depth) = (left.rows, right.columns, left.columns);
    assert_eq!(depth, right.rows, "inner sizes agree");
    assert!(out.len() >= rows * columns, "the product fits");
    // SAFETY: the asserts here, in `Mat::new` and in `Mat::columns` keep every index inside the slices; `out` is
    // borrowed for writing, so it overlaps neither factor; `Float` is implemented for `f32` and `f64` only, which gemm
    // takes.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.as_mut_ptr(),
            1,
            columns as isize,
            add,
            left.numbers.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.numbers.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            E::ONE,
            scale,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_transposed_products_are_right() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, 2.0, -1.0, 3.0, 1.0];
        let mut out = [10.0f64; 4];
        multiply(&mut out, Mat::new(&a, 2, 3), Mat::new(&b, 3, 2), false);
        assert_eq!(out, [14.0, 1.0, 32.0, 1.0]);
        multiply(&mut out, Mat::new(&a, 3, 2).transposed(), Mat::new(&b, 3, 2), true);
        assert_eq!(out, [36.0, 3.0, 60.0, 3.0]);
        let a = Mat::new(&a, 2, 3);
        multiply_scaled(&mut out, -2.0, a.columns(1, 2).transposed(), a.columns(0, 2), false);
        assert_eq!(out, [-44.0, -58.0, -54.0, -72.0]);
        multiply(&mut out, a.columns(3, 0), Mat::new(&[], 0, 2), false);
        assert_eq!(out, [0.0; 4]);
    }
}
