//! The bundle layout: what a bundle's own text says before the verifier sees it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sigstore_verify::types::bundle::{MediaType, SignatureContent, VerificationMaterial};
use sigstore_verify::types::{Bundle, DsseEnvelope, DsseSignature, PayloadBytes};

use super::{clip, legacy};
use crate::domain::evidence::{Fault, Form, Problem};

/// The parts of a bundle that decide whether the verifier is asked at all.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Glance<'a> {
    #[serde(borrow)]
    media_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    verification_material: Option<&'a RawValue>,
    #[serde(borrow)]
    dsse_envelope: Option<&'a RawValue>,
    message_signature: Option<IgnoredAny>,
}

impl<'a> Glance<'a> {
    fn at(bytes: &'a [u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|error| malformed(&error))?;
        serde_json::from_str(text).map_err(|error| malformed(&error))
    }

    fn material(&self) -> Result<Option<Material>, Problem> {
        let material = self.verification_material.map(RawValue::get);
        let read = material.map(serde_json::from_str).transpose();
        read.map_err(|error| malformed(&error))
    }
}

fn malformed(error: &dyn std::fmt::Display) -> Problem {
    Problem::broken(Fault::Malformed, clip(&error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
    #[serde(default)]
    tlog_entries: Option<Vec<Entry>>,
    timestamp_verification_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    kind_version: Option<KindVersion>,
    inclusion_proof: Option<Proof>,
    integrated_time: Option<Seconds>,
    log_id: Option<IgnoredAny>,
    canonicalized_body: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Proof {
    checkpoint: Option<Checkpoint>,
}

#[derive(Deserialize)]
struct Checkpoint {
    envelope: Option<String>,
}

/// A number that is written as text; either form is read.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Text(String),
    Number(i64),
}

impl Entry {
    fn has_time(&self) -> bool {
        match &self.integrated_time {
            Some(Seconds::Text(text)) => text.parse::<i64>().is_ok_and(|time| time != 0),
            Some(Seconds::Number(time)) => *time != 0,
            None => false,
        }
    }

    /// Whether a client can read it at all.
    fn opens(&self) -> bool {
        let checkpoint = |proof: &Proof| {
            let envelope = proof
                .checkpoint
                .as_ref()
                .and_then(|it| it.envelope.as_ref());
            envelope.is_some_and(|text| !text.is_empty())
        };
        self.kind_version.is_some()
            && self.log_id.is_some()
            && self.canonicalized_body.is_some()
            && self.inclusion_proof.as_ref().is_none_or(checkpoint)
    }
}

#[derive(Deserialize)]
struct KindVersion {
    kind: String,
    version: String,
}

/// The envelope of a bundle, whatever else is wrong with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enveloped<'a> {
    #[serde(borrow)]
    dsse_envelope: Envelope<'a>,
}

/// An envelope, as far as its content is concerned.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

/// An envelope with all that the verifier takes; its payload, which may be long, is not copied.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed<'a> {
    payload_type: String,
    #[serde(borrow)]
    payload: Cow<'a, str>,
    signatures: Vec<DsseSignature>,
}

impl TryFrom<Signed<'_>> for DsseEnvelope {
    type Error = String;

    fn try_from(signed: Signed<'_>) -> Result<Self, String> {
        let [signature]: [DsseSignature; 1] = signed
            .signatures
            .try_into()
            .map_err(|all: Vec<_>| format!("it holds {} signatures in place of one", all.len()))?;
        let payload = PayloadBytes::from_base64(&signed.payload);
        let payload = payload.map_err(|error| error.to_string())?;
        Ok(Self::new(signed.payload_type, payload, signature))
    }
}

impl Envelope<'_> {
    /// Reads an envelope for the verifier.
    pub(super) fn open(bytes: &[u8]) -> Result<DsseEnvelope, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let signed: Signed<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        signed.try_into()
    }

    fn decoded(&self) -> Option<Vec<u8>> {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD
            .decode(self.payload.as_bytes())
            .ok()
    }

    /// The payload of an envelope, not verified.
    pub(super) fn payload_of(bytes: &[u8]) -> Option<Vec<u8>> {
        serde_json::from_slice::<Envelope<'_>>(bytes)
            .ok()?
            .decoded()
    }

    /// The payload of the envelope in a bundle, not verified.
    pub(super) fn payload_in(bytes: &[u8]) -> Option<Vec<u8>> {
        serde_json::from_slice::<Enveloped<'_>>(bytes)
            .ok()?
            .dsse_envelope
            .decoded()
    }
}

/// Reads a bundle of GitHub's store. For private repositories GitHub signs with an instance of its own, which keeps
/// no public log: such a bundle cannot be judged by a root of the public one.
pub(super) fn read_of_github(bytes: &[u8]) -> Result<Bundle, Problem> {
    let glance = Glance::at(bytes)?;
    let is_stamped_only = |material: &Material| {
        material
            .tlog_entries
            .as_deref()
            .unwrap_or_default()
            .is_empty()
            && material.timestamp_verification_data.is_some()
    };
    if glance.material()?.as_ref().is_some_and(is_stamped_only) {
        return Err(Problem::broken(
            Fault::Unsupported,
            "it is of GitHub's own instance for private repositories, which keeps no public log",
        ));
    }
    read(&glance)
}

/// Reads a bundle that refers to an image, and tells in which form clients meet it.
pub(super) fn read_of_registry(bytes: &[u8]) -> (Form, Result<Bundle, Problem>) {
    match Glance::at(bytes) {
        Ok(glance) => (form(&glance), read(&glance)),
        Err(problem) => (Form::Closed, Err(problem)),
    }
}

/// In which form clients meet a bundle: one that they cannot open is none for them.
fn form(glance: &Glance<'_>) -> Form {
    let Ok(Some(material)) = glance.material() else {
        return Form::Closed;
    };
    let media_type = glance.media_type.as_deref();
    let is_newest = media_type.and_then(|text| text.parse().ok()) == Some(MediaType::Bundle0_3);
    let has_content = glance.dsse_envelope.is_some() || glance.message_signature.is_some();
    let entries = material.tlog_entries.unwrap_or_default();
    let has_proof = entries.is_empty() || entries.iter().any(|it| it.inclusion_proof.is_some());
    // A chain is not allowed in this version.
    let has_key = material.x509_certificate_chain.is_none()
        && (material.certificate.is_some() || material.public_key.is_some());
    if !(is_newest && has_content && has_proof && has_key && entries.iter().all(Entry::opens)) {
        return Form::Closed;
    }
    if !entries.is_empty() && !entries.iter().any(Entry::has_time) {
        Form::TimelessBundle
    } else {
        Form::Bundle
    }
}

/// Why a bundle that does not call itself v0.3 is not read.
fn other_version(media_type: Option<&str>) -> Problem {
    let found = media_type.unwrap_or("no version at all");
    let is_newer = found.starts_with("application/vnd.dev.sigstore.bundle.v0.")
        && found.parse::<MediaType>().is_err();
    let (fault, why) = if is_newer {
        (Fault::Unsupported, "which is newer than what is known here")
    } else {
        (Fault::LogInvalid, "which may hold no proof of inclusion")
    };
    let detail = format!("the bundle calls itself {}, {why}", clip(found));
    Problem::broken(fault, clip(&detail))
}

/// Reads a bundle.
///
/// The media type is not signed: a bundle that calls itself older may leave its proof away, so only the version that
/// must hold one is taken.
fn read(glance: &Glance<'_>) -> Result<Bundle, Problem> {
    let (Some(material), Some(whole)) = (glance.material()?, glance.verification_material) else {
        return Err(malformed(&"it holds no verification material"));
    };
    if material.certificate.is_none() && material.x509_certificate_chain.is_none() {
        return Err(Problem::broken(Fault::NotKeyless, ""));
    }
    let entries = material.tlog_entries.unwrap_or_default();
    if entries.is_empty() {
        return Err(Problem::broken(Fault::LogMissing, ""));
    }
    let media_type = glance
        .media_type
        .as_deref()
        .and_then(|text| text.parse::<MediaType>().ok());
    if media_type != Some(MediaType::Bundle0_3) {
        return Err(other_version(glance.media_type.as_deref()));
    }
    if entries.iter().any(|entry| entry.inclusion_proof.is_none()) {
        return Err(Problem::broken(
            Fault::LogInvalid,
            "there is no proof of inclusion",
        ));
    }
    let Some(envelope) = glance.dsse_envelope else {
        return Err(malformed(&"it holds no statement"));
    };
    // One of each: readers differ in which of two they take.
    if glance.message_signature.is_some() {
        return Err(malformed(&"it holds a statement and a signed message"));
    }
    let signers = [
        material.certificate.is_some(),
        material.x509_certificate_chain.is_some(),
        material.public_key.is_some(),
    ];
    if signers.iter().filter(|is_there| **is_there).count() > 1 {
        return Err(malformed(&"it names its signer in two ways"));
    }
    for kind in entries
        .iter()
        .filter_map(|entry| entry.kind_version.as_ref())
    {
        let known = [
            ("hashedrekord", "0.0.1"),
            ("hashedrekord", "0.0.2"),
            ("dsse", "0.0.1"),
            ("intoto", "0.0.2"),
        ];
        if !known.contains(&(kind.kind.as_str(), kind.version.as_str())) {
            return Err(legacy::unsupported_entry(&kind.kind, &kind.version));
        }
    }
    let material: VerificationMaterial =
        serde_json::from_str(whole.get()).map_err(|error| malformed(&error))?;
    let envelope = Envelope::open(envelope.get().as_bytes()).map_err(|error| malformed(&error))?;
    let content = SignatureContent::DsseEnvelope(envelope);
    let bundle = Bundle::new(MediaType::Bundle0_3, material, content);
    let entries = &bundle.verification_material.tlog_entries;
    let bodies: BTreeSet<&[u8]> = entries
        .iter()
        .map(|entry| entry.canonicalized_body.as_bytes())
        .collect();
    if bodies.len() < entries.len() {
        return Err(malformed(&"it holds a log entry twice"));
    }
    Ok(bundle)
}
