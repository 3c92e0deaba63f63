//! Numbers as JavaScript prints them (ECMA-262, Number::toString).

/// The text of `number`.
pub(crate) fn text(number: f64) -> String {
    if number == 0.0 {
        // Also what is below zero by its sign alone.
        return "0".into();
    }
    if !number.is_finite() {
        return match number {
            _ if number.is_nan() => "NaN".into(),
            _ if number > 0.0 => "Infinity".into(),
            _ => "-Infinity".into(),
        };
    }
    // The shortest digits that read back as the same number, which both languages print; the layout differs.
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}", lay_out(&digits, exponent))
}

/// `digits`, the point after the first of them, times ten to `exponent`.
fn lay_out(digits: &str, exponent: i32) -> String {
    let count = digits.len() as i32;
    match exponent {
        0..=20 if count <= exponent + 1 => {
            let zeros = (exponent + 1 - count) as usize;
            format!("{digits}{}", "0".repeat(zeros))
        }
        0..=20 => {
            let (whole, rest) = digits.split_at(exponent as usize + 1);
            format!("{whole}.{rest}")
        }
        -6..=-1 => format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            format!("{first}{point}{rest}e{exponent:+}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_javascript() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-42.0, "-42"),
            (0.1, "0.1"),
            (1.5, "1.5"),
            (123_456.789, "123456.789"),
            (0.000_001, "0.000001"),
            (0.000_000_1, "1e-7"),
            (0.000_000_123, "1.23e-7"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (123e20, "1.23e+22"),
            (-1e300, "-1e+300"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(number), expected);
        }
    }
}
