//! Quantities as Kubernetes writes them: `500m`, `128Mi`, `1.5`, `2e3`.

/// In thousandths of the unit, rounded up as the scheduler does; `None` for what is no quantity.
pub(super) fn parse_millis(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-')));
    let (number, suffix) = text.split_at(digits.unwrap_or(text.len()));
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024_f64.powi(2),
        "Gi" => 1024_f64.powi(3),
        "Ti" => 1024_f64.powi(4),
        "Pi" => 1024_f64.powi(5),
        "Ei" => 1024_f64.powi(6),
        _ => 10_f64.powi(suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let millis = (number.parse::<f64>().ok()? * factor * 1e3).ceil();
    // what is larger than any machine is as large as can be
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float stops at the bounds of the integer"
    )]
    millis.is_finite().then_some(millis as i64)
}

/// In whole units, rounded up.
pub(super) fn parse_whole_units(text: &str) -> Option<i64> {
    let millis = parse_millis(text)?;
    Some(millis.div_euclid(1000) + i64::from(millis.rem_euclid(1000) > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_parsed_as_kubernetes_writes_them() {
        let table = [
            ("500m", Some(500)),
            ("2", Some(2000)),
            ("1.5", Some(1500)),
            ("1n", Some(1)),
            ("128Mi", Some(134_217_728_000)),
            ("1G", Some(1_000_000_000_000)),
            ("2e3", Some(2_000_000)),
            ("1E", Some(i64::MAX)),
            ("0", Some(0)),
            ("-1", Some(-1000)),
            ("", None),
            ("much", None),
            ("1Xi", None),
            ("1e999", None),
            ("1.2.3", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_millis(text), expected, "{text}");
        }
        assert_eq!(
            (parse_whole_units("129e6"), parse_whole_units("1m"), parse_whole_units("3")),
            (Some(129_000_000), Some(1), Some(3))
        );
    }
}
