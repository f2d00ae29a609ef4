//! Colors. Knows no drawing.

use plotters::style::RGBColor;

/// Text and axes.
pub const INK: RGBColor = RGBColor(31, 35, 40);
/// Secondary text.
pub const MUTED: RGBColor = RGBColor(89, 96, 106);
/// Grid lines and empty bars.
pub const FAINT: RGBColor = RGBColor(226, 229, 233);
/// What is wrong: mistakes, thresholds, anomalies.
pub const WRONG: RGBColor = RGBColor(189, 31, 1);
/// The first color of [`class`]: the model, the right answer.
pub const ACCENT: RGBColor = RGBColor(47, 116, 199);

/// The full shade of a map of counts.
pub const DEEP: RGBColor = RGBColor(20, 78, 150);

/// Ten colors that stay apart under the common color-vision deficiencies: M. Petroff, "Accessible Color Sequences
/// for Data Visualization", 2021 (<https://arxiv.org/abs/2107.02270>); more classes start over.
pub fn class(index: usize) -> RGBColor {
    const COLORS: [RGBColor; 10] = [
        RGBColor(63, 144, 218),
        RGBColor(255, 169, 14),
        RGBColor(189, 31, 1),
        RGBColor(148, 164, 162),
        RGBColor(131, 45, 182),
        RGBColor(169, 107, 89),
        RGBColor(231, 99, 0),
        RGBColor(185, 172, 112),
        RGBColor(113, 117, 129),
        RGBColor(146, 218, 221),
    ];
    COLORS[index % COLORS.len()]
}

/// Lines of a chart: the first colors that differ in lightness as well as in hue.
pub fn series(index: usize) -> RGBColor {
    const COLORS: [RGBColor; 8] = [
        ACCENT,
        RGBColor(231, 99, 0),
        RGBColor(131, 45, 182),
        RGBColor(16, 138, 122),
        WRONG,
        RGBColor(113, 117, 129),
        RGBColor(196, 142, 0),
        RGBColor(169, 107, 89),
    ];
    COLORS[index % COLORS.len()]
}

/// Black over red to pale yellow, for errors: matplotlib's "inferno" at nine points. `t` is in 0..1.
pub fn heat(t: f64) -> RGBColor {
    const POINTS: [RGBColor; 9] = [
        RGBColor(0, 0, 4),
        RGBColor(31, 12, 72),
        RGBColor(85, 15, 109),
        RGBColor(136, 34, 106),
        RGBColor(186, 54, 85),
        RGBColor(227, 89, 51),
        RGBColor(249, 140, 10),
        RGBColor(249, 201, 50),
        RGBColor(252, 255, 164),
    ];
    let place = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 } * (POINTS.len() - 1) as f64;
    let low = (place as usize).min(POINTS.len() - 2);
    mix(POINTS[low], POINTS[low + 1], place - low as f64)
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
