//! Numbers as they are printed on pages and in pictures. Times and sizes are those of [`text`](crate::text).

/// Four significant digits; whole numbers in full with thin spaces between thousands.
pub fn short(value: f64) -> String {
    significant(value, 4)
}

/// Two numbers, with more digits where four are the same for both.
pub fn told_apart(one: f64, other: f64) -> (String, String) {
    let rounded = |value: f64, digits: usize| format!("{value:.*e}", digits - 1);
    let digits = (4..=17).find(|digits| rounded(one, *digits) != rounded(other, *digits)).unwrap_or(4);
    (significant(one, digits), significant(other, digits))
}

fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "∞".into()
        } else {
            "−∞".into()
        };
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return grouped(value as i64);
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..9).contains(&magnitude) {
        return format!("{value:.*e}", digits - 1).replace('-', "−");
    }
    let decimals = (digits as i32 - 1 - magnitude).max(0) as usize;
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if value < 0.0 { "−" } else { "" };
    let whole = whole.parse().map_or(whole.to_owned(), grouped);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// Two significant digits, for deviations.
pub fn rough(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return short(value);
    }
    let decimals = 1 - value.abs().log10().floor() as i32;
    match decimals {
        8.. => format!("{value:.1e}").replace('-', "−"),
        1..8 => format!("{value:.*}", decimals as usize),
        _ => grouped(value.round() as i64),
    }
}

/// A whole number with thin spaces between thousands.
pub fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A count.
pub fn count(value: usize) -> String {
    grouped(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { "–".into() }
}

/// A tick's text: as many decimals as its step needs.
pub fn tick(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor();
    if !(-5.0..7.0).contains(&magnitude) {
        return format!("{value:e}").replace('-', "−");
    }
    if value == step {
        // A tick that stands alone (a power, a given value) needs its own digits only.
        return short_exact(value);
    }
    let decimals = (-step.abs().log10().floor()).max(0.0) as usize;
    if decimals == 0 { grouped(value.round() as i64) } else { format!("{value:.decimals$}").replace('-', "−") }
}

fn short_exact(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded.fract() == 0.0 { grouped(rounded as i64) } else { rounded.to_string().replace('-', "−") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_four_digits_do_not_tell_apart_have_more() {
        let told = |one, other| format!("{} | {}", told_apart(one, other).0, told_apart(one, other).1);
        assert_eq!(told(0.012341, 0.012349), "0.01234 | 0.01235");
        assert_eq!(told(0.0123414, 0.0123406), "0.0123414 | 0.0123406");
        assert_eq!(told(1.0, 0.99996), "1 | 0.99996");
        assert_eq!(told(0.25, 0.25), "0.2500 | 0.2500");
    }

    #[test]
    fn numbers_have_four_significant_digits() {
        let texts: Vec<String> =
            [0.0, 1.0, 0.00912345, 0.98765, 12.34567, 1234.567, 219584.0, 1.5e-7, -0.25, 60000.0, f64::NAN]
                .into_iter()
                .map(short)
                .collect();
        insta::assert_snapshot!(texts.join(" | ").replace('\u{202f}', "_"), @"0 | 1 | 0.009123 | 0.9877 | 12.35 | 1235 | 219_584 | 1.500e−7 | −0.2500 | 60_000 | NaN");
    }
}
