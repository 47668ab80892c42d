//! `~/.mylogin.cnf`: a defaults file that `mysql_config_editor` scrambles so that nobody reads a password over one's
//! shoulder. Its key is in the file.
//!
//! Four unused bytes, twenty bytes of the key, then for each line its length (`i32`, little-endian) and the line, encrypted
//! by AES-128 in ECB mode with PKCS#7 padding. The AES key is the twenty bytes, folded by XOR into sixteen. Found by
//! decrypting a file of `mysql_config_editor` 9.7 with `openssl`.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherDecrypt, KeyInit};
use thiserror::Error;

const UNUSED: usize = 4;
const KEY: usize = 20;
const BLOCK: usize = 16;

/// Why a login file cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum LoginFileError {
    #[error("it ends within its key")]
    NoKey,
    #[error("it ends within a line")]
    Truncated,
    #[error("a line's length or padding is wrong")]
    Garbled,
}

/// The text of the file.
pub(super) fn decrypt(content: &[u8]) -> Result<Vec<u8>, LoginFileError> {
    let (key, mut rest) =
        content.get(UNUSED..).and_then(|rest| rest.split_at_checked(KEY)).ok_or(LoginFileError::NoKey)?;
    let mut folded = [0; BLOCK];
    for (index, byte) in key.iter().enumerate() {
        folded[index % BLOCK] ^= byte;
    }
    let cipher = Aes128::new(&Array::from(folded));

    let mut text = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk().ok_or(LoginFileError::Truncated)?;
        let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| LoginFileError::Garbled)?;
        let (line, after) = after.split_at_checked(length).ok_or(LoginFileError::Truncated)?;
        text.extend(decrypt_line(&cipher, line)?);
        rest = after;
    }
    Ok(text)
}

fn decrypt_line(cipher: &Aes128, line: &[u8]) -> Result<Vec<u8>, LoginFileError> {
    let (blocks, rest) = line.as_chunks::<BLOCK>();
    if !rest.is_empty() {
        return Err(LoginFileError::Garbled);
    }
    let mut text = Vec::with_capacity(line.len());
    for block in blocks {
        let mut block = Array::from(*block);
        cipher.decrypt_block(&mut block);
        text.extend(block);
    }
    let padding = text.last().map_or(0, |&padding| usize::from(padding));
    let end = text.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding));
    text.truncate(end.ok_or(LoginFileError::Garbled)?);
    Ok(text)
}
