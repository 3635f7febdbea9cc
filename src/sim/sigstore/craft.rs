//! How something is signed: honestly, or with one of the flaws that a verifier must notice.

use jiff::Timestamp;

use super::Claims;

/// Who signs, and how the certificate and the log entry come about. Made from [`Claims`] it is honest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Craft {
    /// What the certificate says.
    pub claims: Claims,
    /// What the signature is checked with.
    pub signer: Signer,
    /// Who issues the certificate.
    pub authority: Party,
    /// The certificate log's receipt in the certificate.
    pub receipt: Receipt,
    /// Names that the certificate bears beside its identity, after it.
    pub more_names: Vec<Name>,
    /// Extensions of GitHub's that the certificate bears once more, by number (8 = issuer); the text is a DER string.
    pub more_extensions: Vec<(u64, String)>,
    /// Where the signature is logged.
    pub log: Logging,
    /// When it is logged; the moment of signing when absent. A certificate lives for ten minutes.
    pub logged_at: Option<Timestamp>,
}

/// What a signature is checked with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signer {
    /// A certificate for one signature.
    #[default]
    Certificate,
    /// A bare public key, as `cosign sign --key` uses it: nothing says whose it is.
    KeyPair,
}

/// One whom the trust root names, or one whom it does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Party {
    /// The trust root names it.
    #[default]
    Ours,
    /// Same names, other keys: the trust root does not know it.
    Stranger,
}

/// The certificate log's receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Receipt {
    /// Signed by the log that the trust root names.
    #[default]
    Honest,
    /// None at all.
    Missing,
    /// Signed by a log that the trust root does not name.
    Stranger,
    /// In the name of the right log, with a signature that is not its own.
    Forged,
}

/// A further name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// An address.
    Uri(String),
    /// An e-mail address.
    Email(String),
}

/// Where a signature is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Logging {
    /// In the log that the trust root names.
    #[default]
    Ours,
    /// In a log that the trust root does not know.
    Stranger,
    /// Nowhere.
    Nowhere,
}

impl From<Claims> for Craft {
    fn from(claims: Claims) -> Self {
        Self {
            claims,
            signer: Signer::default(),
            authority: Party::default(),
            receipt: Receipt::default(),
            more_names: Vec::new(),
            more_extensions: Vec::new(),
            log: Logging::default(),
            logged_at: None,
        }
    }
}

impl From<&Claims> for Craft {
    fn from(claims: &Claims) -> Self {
        claims.clone().into()
    }
}

impl From<&Self> for Craft {
    fn from(craft: &Self) -> Self {
        craft.clone()
    }
}
