//! What a viewer does: keys, buttons, pointer motion. X11 keysyms are the common language.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A numbered input. Numbers start at 1 and grow by one per session; a picture echoes the last one that was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its number.
    pub number: u32,
    /// What happened.
    pub event: InputEvent,
}

/// What happened at the viewer. Frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputEvent {
    /// A key went down or up.
    Key {
        /// X11 keysym.
        keysym: u32,
        /// Down, or up.
        down: bool,
    },
    /// A pointer button went down or up.
    Button {
        /// 1 left, 2 middle, 3 right, 4 and 5 the wheel.
        button: u8,
        /// Down, or up.
        down: bool,
    },
    /// The pointer moved; position in 1/65536 of the picture's width and height.
    Pointer {
        /// From the left edge.
        x: u16,
        /// From the top edge.
        y: u16,
    },
}

/// Named keys that a command line can send: (name, keysym). Single characters stand for themselves.
pub const NAMED_KEYS: &[(&str, u32)] = &[
    ("BackSpace", 0xff08),
    ("Tab", 0xff09),
    ("Return", 0xff0d),
    ("Escape", 0xff1b),
    ("space", 0x0020),
    ("Home", 0xff50),
    ("Left", 0xff51),
    ("Up", 0xff52),
    ("Right", 0xff53),
    ("Down", 0xff54),
    ("Page_Up", 0xff55),
    ("Page_Down", 0xff56),
    ("End", 0xff57),
    ("Insert", 0xff63),
    ("Delete", 0xffff),
    ("Shift_L", 0xffe1),
    ("Control_L", 0xffe3),
    ("Alt_L", 0xffe9),
];

/// A text that names no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey(pub String);

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = NAMED_KEYS.iter().map(|(name, _)| *name).collect();
        write!(f, "'{}' is not a key; use one character or one of {}", self.0, names.join(", "))
    }
}

impl core::error::Error for UnknownKey {}

/// The keysym of a key's name (`Right`, `Return`) or of one character. Latin-1 characters are their own keysym, others
/// are 0x01000000 + code point (X11 protocol, appendix A).
pub fn keysym(name: &str) -> Result<u32, UnknownKey> {
    if let Some((_, keysym)) = NAMED_KEYS.iter().find(|(known, _)| *known == name) {
        return Ok(*keysym);
    }
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(c @ ('\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}')), None) => Ok(c as u32),
        (Some(c), None) if c > '\u{ff}' => Ok(0x0100_0000 + c as u32),
        _ => Err(UnknownKey(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_keysyms() {
        assert_eq!(keysym("Right"), Ok(0xff53));
        assert_eq!(keysym("a"), Ok(0x61));
        assert_eq!(keysym("é"), Ok(0xe9));
        assert_eq!(keysym("€"), Ok(0x0100_20ac));
        assert!(keysym("Rihgt").expect_err("misspelt").to_string().contains("Right"));
        assert!(keysym("").is_err());
    }
}
