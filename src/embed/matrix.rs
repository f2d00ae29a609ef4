//! Products of dense matrices in double precision: a safe face of `gemm`, on the calling thread. Knows nothing of what
//! the numbers mean.

/// A borrowed matrix whose element (row, column) lies at `row * row_stride + column * column_stride`.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix in C order.
    pub fn new(values: &'a [f64], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "as many values as the shape has");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same numbers with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self { values, rows: columns, columns: rows, row_stride: column_stride, column_stride: row_stride }
    }

    /// Columns `start..start + count` of it.
    pub fn columns(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.columns, "columns within the matrix");
        let skipped = (start * self.column_stride).min(self.values.len());
        Self { values: &self.values[skipped..], columns: count, ..self }
    }

    /// Whether every element lies within the values.
    fn fits(&self) -> bool {
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        let (rows, columns) = (last(self.rows, self.row_stride), last(self.columns, self.column_stride));
        self.rows == 0 || self.columns == 0 || rows + columns < self.values.len()
    }
}

/// Writes `scale * a * b` to `out`, in C order, or adds it to what is there.
pub fn multiply(out: &mut [f64], add: bool, scale: f64, a: Matrix, b: Matrix) {
    assert_eq!(a.columns, b.rows, "shapes that multiply");
    assert_eq!(out.len(), a.rows * b.columns, "room for the product");
    assert!(a.fits() && b.fits(), "matrices within their values");
    if a.columns == 0 && !add {
        out.fill(0.0);
    }
    if out.is_empty() || a.columns == 0 {
        return;
    }
    // SAFETY: just checked that every element named by shapes and strides lies within its slice; `out` is borrowed
    // mutably, so it overlaps neither factor.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
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
    fn products_are_those_on_paper() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 2.0, 1.0, 1.0, 3.0]);
        let (a, b) = (Matrix::new(&a, 2, 3), Matrix::new(&b, 3, 2));
        let mut out = [100.0; 4];
        multiply(&mut out, false, 1.0, a, b);
        assert_eq!(out, [8.0, 11.0, 20.0, 23.0]);
        multiply(&mut out, true, -1.0, a, b);
        assert_eq!(out, [0.0; 4]);
        let mut out = [0.0; 4];
        multiply(&mut out, false, 2.0, a.columns(1, 2).transposed(), a.columns(0, 2));
        assert_eq!(out, [44.0, 58.0, 54.0, 72.0]);
    }
}
