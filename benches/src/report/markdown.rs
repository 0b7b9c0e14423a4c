//! Tables and numbers in Markdown.

/// Writes a table. Columns of numbers are aligned to the right.
pub(crate) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<_> = rows.collect();
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));

    let is_number = |column: usize| {
        let cells = rows.iter().map(|row| &*row[column]);
        column > 0
            && cells
                .clone()
                .all(|cell| cell == "-" || cell.starts_with(|first: char| first.is_ascii_digit()))
    };

    let rule =
        (0..head.len()).map(|column| if is_number(column) { "---:" } else { "---" }.to_owned());
    let head: Vec<_> = head.iter().map(|&name| name.to_owned()).collect();
    let mut lines = line(&head) + &line(&rule.collect::<Vec<_>>());
    lines.extend(rows.iter().map(|row| line(row)));

    lines
}

pub(crate) fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |value| grouped(&format!("{value:.decimals$}")),
    )
}

pub(crate) fn ratio(dividend: Option<f64>, divisor: Option<f64>) -> String {
    let ratio = dividend
        .zip(divisor)
        .map(|(dividend, divisor)| dividend / divisor);
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// With commas between thousands.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, fraction) = number
        .find('.')
        .map_or((number, ""), |point| number.split_at(point));
    let mut grouped = String::new();

    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }

    grouped + fraction
}
