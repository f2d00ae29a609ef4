//! Colors. Knows no drawing.

use plotters::style::RGBColor;

/// Text and axes.
pub const INK: RGBColor = rgb(0x1f2328);
/// Secondary text.
pub const MUTED: RGBColor = rgb(0x59606a);
/// Grid lines and empty bars.
pub const FAINT: RGBColor = rgb(0xe2e5e9);
/// What is wrong: mistakes, thresholds, anomalies.
pub const WRONG: RGBColor = rgb(0xbd1f01);
/// The first color of [`series`]: the model, the right answer.
pub const ACCENT: RGBColor = rgb(0x2f74c7);

/// The full shade of a map of counts.
pub const DEEP: RGBColor = rgb(0x144e96);

/// A color as in CSS, `0xrrggbb`.
const fn rgb(code: u32) -> RGBColor {
    let [_, red, green, blue] = code.to_be_bytes();
    RGBColor(red, green, blue)
}

/// Ten colors that stay apart under the common color-vision deficiencies: M. Petroff, "Accessible Color Sequences
/// for Data Visualization", 2021 (<https://arxiv.org/abs/2107.02270>); more classes start over.
pub fn class(index: usize) -> RGBColor {
    const COLORS: [u32; 10] =
        [0x3f90da, 0xffa90e, 0xbd1f01, 0x94a4a2, 0x832db6, 0xa96b59, 0xe76300, 0xb9ac70, 0x717581, 0x92dadd];
    rgb(COLORS[index % COLORS.len()])
}

/// Lines of a chart, [`ACCENT`] first and [`WRONG`] fifth: colors that differ in lightness as well as in hue.
pub fn series(index: usize) -> RGBColor {
    const COLORS: [u32; 8] = [0x2f74c7, 0xe76300, 0x832db6, 0x108a7a, 0xbd1f01, 0x717581, 0xc48e00, 0xa96b59];
    rgb(COLORS[index % COLORS.len()])
}

/// Black over red to pale yellow, for errors: matplotlib's "inferno" at nine points. `t` is in 0..1.
pub fn heat(t: f64) -> RGBColor {
    const POINTS: [u32; 9] = [0x000004, 0x1f0c48, 0x550f6d, 0x88226a, 0xba3655, 0xe35933, 0xf98c0a, 0xf9c932, 0xfcffa4];
    let place = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 } * (POINTS.len() - 1) as f64;
    let low = (place as usize).min(POINTS.len() - 2);
    mix(rgb(POINTS[low]), rgb(POINTS[low + 1]), place - low as f64)
}

/// From nearly white (`t` = 0) to `color` (`t` = 1).
pub fn tint(color: RGBColor, t: f64) -> RGBColor {
    mix(RGBColor(246, 248, 250), color, if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 })
}

/// Between two colors.
fn mix(from: RGBColor, to: RGBColor, t: f64) -> RGBColor {
    let part = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * t).round() as u8;
    RGBColor(part(from.0, to.0), part(from.1, to.1), part(from.2, to.2))
}

/// Black or white, whichever has more contrast on `background`: 4.58 : 1 at least, by the relative luminance of WCAG 2.
pub fn on(background: RGBColor) -> RGBColor {
    if luminance(background) > 0.1791 { RGBColor(0, 0, 0) } else { RGBColor(255, 255, 255) }
}

/// 0 is black, 1 is white.
fn luminance(color: RGBColor) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable_on_every_shade() {
        for color in [DEEP, series(1)] {
            for share in 0..=100 {
                let shade = tint(color, f64::from(share) / 100.0);
                let (a, b) = (luminance(shade), luminance(on(shade)));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{shade:?} {contrast}");
            }
        }
    }
}
