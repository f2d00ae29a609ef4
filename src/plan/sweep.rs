//! The points of a sweep's grid.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::Axis;
use crate::config::value::Located;

/// A point of the grid: for each axis the index of its value.
pub type Point = Vec<usize>;

/// Every point of the grid exactly once, the last axis fastest. Without axes there is one point, the empty one.
pub fn points(axes: &[Axis]) -> Vec<Point> {
    let mut points = vec![Point::new()];
    for axis in axes {
        let extend = |point: &Point| {
            let point = point.clone();
            (0..axis.values.len()).map(move |index| point.iter().copied().chain([index]).collect())
        };
        points = points.iter().flat_map(extend).collect();
    }
    points
}

/// The swept params at a point, where they were written.
pub fn located(axes: &[Axis], point: &Point) -> BTreeMap<String, Located> {
    axes.iter().zip(point).map(|(axis, index)| (axis.param.clone(), axis.values[*index].clone())).collect()
}

/// The swept params at a point, as values.
pub fn values(axes: &[Axis], point: &Point) -> Map<String, Value> {
    axes.iter().zip(point).map(|(axis, index)| (axis.param.clone(), axis.values[*index].to_json())).collect()
}
