//! The certificate authority and the certificate log.

use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
    SerialNumber,
};
use sha2::Digest as _;
use x509_cert::der::{Decode as _, Encode as _};

use super::claims::{der_length, extension};
use super::{Craft, Name, Receipt, SignError, Signer, log_id, sign};

pub(super) const ORGANIZATION: &str = "simulated sigstore";
pub(super) const ROOT_NAME: &str = "simulated sigstore root";
pub(super) const ADDRESS: &str = "https://fulcio.simulated.invalid";
pub(super) const CT_ADDRESS: &str = "https://ctlog.simulated.invalid/log";

/// How long a leaf is valid.
const LEAF_LIFE: Duration = Duration::from_secs(600);
/// How long the root and the intermediate are valid.
const CA_LIFE: Duration = Duration::from_secs(20 * 366 * 86_400);

/// The authority: a root, an intermediate that issues, and the key of the certificate log.
pub(super) struct Authority {
    root: Certificate,
    intermediate: Certificate,
    issuer: Issuer<'static, KeyPair>,
    ct_key: KeyPair,
    /// A certificate log that no trust root names.
    strange_ct_key: KeyPair,
}

/// A key for one signature, and what it is checked with.
pub(super) struct Leaf {
    /// The certificate; the public key where there is none.
    pub(super) pem: String,
    pub(super) der: Vec<u8>,
    pub(super) key: KeyPair,
    pub(super) signer: Signer,
}

impl Authority {
    pub(super) fn new(since: Timestamp) -> Result<Self, SignError> {
        let root_params = ca(ROOT_NAME, since, BasicConstraints::Constrained(1));
        let root_key = KeyPair::generate()?;
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);

        let name = "simulated sigstore intermediate";
        let mut params = ca(name, since, BasicConstraints::Constrained(0));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let intermediate = params.signed_by(&key, &root_issuer)?;
        Ok(Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
            ct_key: KeyPair::generate()?,
            strange_ct_key: KeyPair::generate()?,
        })
    }

    pub(super) fn ct_key(&self) -> &KeyPair {
        &self.ct_key
    }

    /// The intermediate and the root, in DER.
    pub(super) fn chain(&self) -> [&[u8]; 2] {
        [self.intermediate.der(), self.root.der()]
    }

    /// The intermediate and the root, in PEM.
    pub(super) fn chain_pem(&self) -> String {
        format!("{}{}", self.intermediate.pem(), self.root.pem())
    }

    /// A certificate for ten minutes from `at` on, with the certificate log's receipt in it; or a key alone.
    pub(super) fn issue(&self, craft: &Craft, at: Timestamp) -> Result<Leaf, SignError> {
        let key = KeyPair::generate()?;
        if craft.signer == Signer::KeyPair {
            return Ok(Leaf {
                pem: key.public_key_pem(),
                der: key.subject_public_key_info(),
                key,
                signer: craft.signer,
            });
        }
        let mut params = leaf(craft, at)?;
        // Signed once without the receipt, because the receipt is over just that certificate.
        let before = params.signed_by(&key, &self.issuer)?;
        if let Some(receipt) = self.receipt(craft.receipt, before.der(), at)? {
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(
                    &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2],
                    receipt,
                ));
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Leaf {
            pem: certificate.pem(),
            der: certificate.der().to_vec(),
            key,
            signer: craft.signer,
        })
    }

    /// The list of signed certificate timestamps after RFC 6962, with one in it.
    fn receipt(
        &self,
        kind: Receipt,
        certificate: &[u8],
        at: Timestamp,
    ) -> Result<Option<Vec<u8>>, SignError> {
        // Who is named, and whose key signs.
        let (named, writer) = match kind {
            Receipt::Honest => (&self.ct_key, &self.ct_key),
            Receipt::Missing => return Ok(None),
            Receipt::Stranger => (&self.strange_ct_key, &self.strange_ct_key),
            Receipt::Forged => (&self.ct_key, &self.strange_ct_key),
        };
        let certificate = x509_cert::Certificate::from_der(certificate)?;
        let tbs = certificate.tbs_certificate.to_der()?;
        let issuer = sha2::Sha256::digest(self.issuer.key().subject_public_key_info());
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);

        // Version 1, a certificate timestamp.
        let mut signed = vec![0, 0];
        signed.extend(milliseconds.to_be_bytes());
        // A certificate before its receipt.
        signed.extend([0, 1]);
        signed.extend(issuer);
        signed.extend(length::<3>(tbs.len()));
        signed.extend(tbs);
        // No extensions.
        signed.extend([0, 0]);
        let signature = sign(writer, &signed)?;

        let mut sct = vec![0];
        sct.extend(log_id(named));
        sct.extend(milliseconds.to_be_bytes());
        sct.extend([0, 0]);
        // SHA-256 and ECDSA.
        sct.extend([4, 3]);
        sct.extend(length::<2>(signature.len()));
        sct.extend(signature);

        let mut list = length::<2>(sct.len() + 2).to_vec();
        list.extend(length::<2>(sct.len()));
        list.extend(sct);
        let mut octet_string = vec![0x04];
        octet_string.extend(der_length(list.len()));
        octet_string.extend(list);
        Ok(Some(octet_string))
    }
}

/// A length in N bytes, as TLS writes it.
fn length<const N: usize>(length: usize) -> [u8; N] {
    let bytes = length.to_be_bytes();
    bytes.last_chunk::<N>().copied().unwrap_or([0; N])
}

fn ca(name: &str, since: Timestamp, constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, ORGANIZATION);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(since);
    params.not_after = params.not_before + CA_LIFE;
    params
}

fn leaf(craft: &Craft, at: Timestamp) -> Result<CertificateParams, SignError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::URI(craft.claims.identity.clone().try_into()?)];
    for name in &craft.more_names {
        params.subject_alt_names.push(match name {
            Name::Uri(address) => SanType::URI(address.clone().try_into()?),
            Name::Email(address) => SanType::Rfc822Name(address.clone().try_into()?),
        });
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_epoch(at);
    params.not_after = params.not_before + LEAF_LIFE;
    // Both signings of one certificate must bear the same number.
    params.serial_number = Some(SerialNumber::from(random_serial()));
    let more = craft.more_extensions.iter();
    params.custom_extensions = craft
        .claims
        .extensions()
        .into_iter()
        .chain(more.map(|(number, text)| extension(*number, text)))
        .map(|(oid, content)| CustomExtension::from_oid_content(&oid, content))
        .collect();
    Ok(params)
}

fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

fn random_serial() -> u64 {
    let mut bytes = [0_u8; 8];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("no randomness: simulated certificates share a serial number");
    }
    // Positive and never zero, as a certificate's number must be.
    (u64::from_be_bytes(bytes) >> 1) | 1
}
