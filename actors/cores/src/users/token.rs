//! Bearer tokens: `fusion-user-1.ID.SECRET`, 64 and 128 random bits in hexadecimal.
//!
//! Owns: the text and its reading. Refuses: showing a secret in `Debug`.

use core::fmt;

use serde::{Deserialize, Serialize};

/// Says what it is, and which version of it.
const PREFIX: &str = "fusion-user-1.";

/// Finds a token's row without knowing its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub u64);

/// A bearer token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What makes it good.
    pub secret: u128,
}

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no bearer token: one begins with '{PREFIX}', and `fusion user add` prints it in one piece")]
pub struct TokenError;

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token {{ id: {:016x}, .. }}", self.id.0)
    }
}

impl Token {
    /// As one word.
    pub fn text(&self) -> String {
        format!("{PREFIX}{:016x}.{:032x}", self.id.0, self.secret)
    }

    /// Reads the word, strictly: one token has one text.
    pub fn parse(text: &str) -> Result<Token, TokenError> {
        let (id, secret) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or(TokenError)?;
        let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if id.len() != 16 || secret.len() != 32 || !hexadecimal(id) || !hexadecimal(secret) {
            return Err(TokenError);
        }
        let id = u64::from_str_radix(id, 16).map_err(|_| TokenError)?;
        let secret = u128::from_str_radix(secret, 16).map_err(|_| TokenError)?;
        Ok(Token { id: TokenId(id), secret })
    }
}
