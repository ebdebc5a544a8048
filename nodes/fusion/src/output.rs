//! What people read: tables, and JSON instead of them.

use std::io::Write;

/// Prints a line on standard output; a reader that has gone away ends the program's talking, not the program.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string(value)?);
    Ok(())
}

/// Says on standard error how long work is going; standard output stays the result's.
pub fn progress(words: &str) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "{words}");
}

/// Columns that line up: the first row is the heading. Cells that are numbers stand to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let is_number =
        |cell: &String| !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    let numeric: Vec<_> = (0..columns)
        .map(|column| rows.len() > 1 && rows.iter().skip(1).filter_map(|row| row.get(column)).all(is_number))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            if numeric[column] { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_stand_right() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text =
            table(&[row(["service", "free", "why"]), row(["clip.demo", "4", ""]), row(["echo.demo", "1000", "near"])]);
        assert_eq!(text, "service    free  why\nclip.demo     4\necho.demo  1000  near\n");
    }
}
