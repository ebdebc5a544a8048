//! The files of the repository, and Rust code without its comments and texts.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every file of the repository, from the root: what git knows or would add; without git, what lies there.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let git = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output();
    let mut found: Vec<PathBuf> = match git {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split_terminator('\0')
            .map(PathBuf::from)
            .filter(|path| root.join(path).is_file())
            .collect(),
        _ => {
            let mut found = Vec::new();
            walk(root, Path::new(""), &mut found);
            found
        }
    };
    found.sort();
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = root.join(folder).read_dir() else { return };
    for entry in entries.flatten() {
        let path = folder.join(entry.file_name());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder {
            found.push(path);
        } else if path.file_name().is_none_or(|name| name != "target" && name != ".git") {
            walk(root, &path, found);
        }
    }
}

/// Those of `files` whose name ends in `.{extension}`.
pub fn with_extension<'a>(files: &'a [PathBuf], extension: &'a str) -> impl Iterator<Item = &'a PathBuf> {
    files.iter().filter(move |path| path.extension().is_some_and(|it| it == extension))
}

/// Reads a file of the repository.
pub fn read(root: &Path, path: &Path) -> String {
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `code` with comments, texts and characters blanked out, line by line as before.
pub fn code_only(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let taken = comment(rest).or_else(|| literal(rest)).unwrap_or(0);
        if taken > 0 {
            out.extend(rest[..taken].chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            rest = &rest[taken..];
        } else if first.is_alphanumeric() || first == '_' {
            // A whole word at once, so that the `r` of `for"` does not begin a raw text.
            let end = rest.find(|it: char| !(it.is_alphanumeric() || it == '_')).unwrap_or(rest.len());
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// The length of the comment that `rest` begins with.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let mut depth = 0;
    let mut at = 0;
    loop {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if depth > 0 && rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else if depth > 0 && at < rest.len() {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 || at >= rest.len() {
            return (at > 0).then_some(at);
        }
    }
}

/// The length of the text, bytes or character that `rest` begins with.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|it| {
        rest.strip_prefix(it).is_some_and(|after| after.starts_with('"') || (it.ends_with('r') && raw(after).is_some()))
    });
    if let Some(prefix) = prefix {
        let after = &rest[prefix.len()..];
        if prefix.ends_with('r') {
            return raw(after).map(|taken| prefix.len() + taken);
        }
        return Some(prefix.len() + quoted(after, '"'));
    }
    let after = rest.strip_prefix('\'')?;
    // A lifetime has no closing quote after its first character.
    let second = after.chars().nth(1);
    (after.starts_with('\\') || second == Some('\'')).then(|| quoted(rest, '\''))
}

/// The length of a raw text without its prefix: `"…"`, `#"…"#`, and so on.
fn raw(after: &str) -> Option<usize> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(hashes + 1 + end)
}

/// The length of what stands between two `quote`s, both included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, it) in rest.char_indices().skip(1) {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if it == quote => return at + it.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Does `line` say `word`, and not only as a part of a longer word?
pub fn says(line: &str, word: &str) -> bool {
    let part_of_word = |it: char| it.is_alphanumeric() || it == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_word);
        let after = word.ends_with(part_of_word) && line[at + word.len()..].chars().next().is_some_and(part_of_word);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_not_code() {
        let code = "let a = \"Instant // \\\" x\"; // Instant\n/* Instant /* nested */ still */ let b = 'I';\nlet c: &'a str = r#\"Instant \"quoted\" \"#; for_r\"Instant\"; b'\\'' fn";
        let only = code_only(code);
        assert!(!only.contains("Instant"), "{only}");
        assert_eq!(only.lines().count(), code.lines().count());
        for kept in ["let a = ", "let b = ", "let c: &'a str = ", "for_r", " fn"] {
            assert!(only.contains(kept), "{kept:?} is gone: {only}");
        }
    }

    #[test]
    fn a_word_is_a_whole_word() {
        assert!(says("use std::time::Instant;", "Instant") && says("std::fs::read(x)", "fs::"));
        assert!(
            !says("InstantReplay, MyInstant", "Instant")
                && !says("offs::read", "fs::")
                && !says("env!(\"X\")", "env::")
        );
    }
}
