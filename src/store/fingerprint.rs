//! How a secret that opens something is stored: as its SHA-256. The secrets are random and long, so no salt is needed, and
//! finding one by its fingerprint takes the same time however much of it was guessed.

use clock::hex;

use sha2::{Digest, Sha256};

#[must_use]
pub fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}
