//! The kinds there are: one line each.

use crate::stage::Stage;

/// All kinds, in the order of the documentation.
pub fn all() -> &'static [&'static dyn Stage] {
    &[]
}
