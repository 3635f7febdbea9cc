//! Who signed: one identity, one issuer, and the ones that are asked for.

use sigstore_verify::crypto::CertificateInfo;
use sigstore_verify::types::Bundle;
use sigstore_verify::{SubjectAltName, VerificationResult};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, asn1::Utf8StringRef};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName as Names;

use super::{Judge, clip};
use crate::domain::evidence::{Claim, Fault, Problem};

/// Subject alternative names.
const NAMES: &str = "2.5.29.17";
/// The issuer, as raw text.
const OLD_ISSUER: &str = "1.3.6.1.4.1.57264.1.1";
/// The issuer.
const ISSUER: &str = "1.3.6.1.4.1.57264.1.8";

/// Whether the certificate says each thing once: of two identities or issuers, each reader would believe another.
pub(super) fn is_plain(bundle: &Bundle) -> Result<(), Problem> {
    let malformed = |why: &str| Err(Problem::broken(Fault::CertificateMalformed, why));
    let certificate = bundle
        .signing_certificate()
        .and_then(|certificate| Certificate::from_der(certificate.as_bytes()).ok());
    let Some(certificate) = certificate else {
        return malformed("it cannot be read");
    };
    let extensions = certificate.tbs_certificate.extensions.unwrap_or_default();
    let mut ids: Vec<_> = extensions
        .iter()
        .map(|extension| extension.extn_id)
        .collect();
    ids.sort();
    let count = ids.len();
    ids.dedup();
    if ids.len() != count {
        return malformed("it says one thing twice");
    }
    let of = |id: &str| {
        extensions
            .iter()
            .find(|extension| extension.extn_id.to_string() == id)
    };
    match of(NAMES).map(|names| Names::from_der(names.extn_value.as_bytes())) {
        Some(Ok(names)) if names.0.len() == 1 => {}
        Some(Ok(names)) if names.0.len() > 1 => {
            return malformed("it names more than one identity");
        }
        _ => return malformed("it names no identity"),
    }
    if let (Some(old), Some(new)) = (of(OLD_ISSUER), of(ISSUER))
        && text(old) != text(new)
    {
        return malformed("it names two issuers");
    }
    Ok(())
}

/// The text of an extension, wrapped or raw.
fn text(extension: &Extension) -> Option<&str> {
    let bytes = extension.extn_value.as_bytes();
    match Utf8StringRef::from_der(bytes) {
        Ok(text) => Some(text.as_str()),
        Err(_) => std::str::from_utf8(bytes).ok(),
    }
}

/// Whether the verified certificate is of the signer that is asked for.
pub(super) fn is_expected(judge: &Judge, result: &VerificationResult) -> Result<(), Problem> {
    match result.certificate() {
        Some(info) => fits(judge, info),
        None => Err(Problem::broken(Fault::NotKeyless, "")),
    }
}

/// Whether what a certificate says is of the signer that is asked for.
pub(super) fn fits(judge: &Judge, info: &CertificateInfo) -> Result<(), Problem> {
    let recipe = &judge.recipe;
    let identity = info.identity.as_ref();
    let fits = identity.is_some_and(|identity| judge.identity.is_match(identity.as_str()));
    // A person's address is no workflow, whatever it looks like.
    let is_workflow = matches!(identity, Some(SubjectAltName::Uri(_)));
    if !fits || (recipe.repository.is_some() && !is_workflow) {
        return Err(Problem::differs(
            Claim::Identity,
            recipe.identity.as_str(),
            identity.map(|identity| clip(identity.as_str())).as_deref(),
        ));
    }
    if info.issuer.as_deref() != Some(recipe.issuer.as_str()) {
        let found = info.issuer.as_deref().map(clip);
        return Err(Problem::differs(
            Claim::Issuer,
            &recipe.issuer,
            found.as_deref(),
        ));
    }
    let Some(repository) = &recipe.repository else {
        return Ok(());
    };
    let ci = &info.ci_claims;
    let named = ci.deprecated_github.workflow_repository.as_deref();
    if named != Some(repository.as_str()) {
        let found = named.map(clip);
        return Err(Problem::differs(
            Claim::Repository,
            repository,
            found.as_deref(),
        ));
    }
    // The newer extension says the same in full; two answers in one certificate are none.
    let source = ci.source_repository_uri.as_deref();
    if source.is_some_and(|uri| !uri.ends_with(&format!("/{repository}"))) {
        let found = source.map(clip);
        return Err(Problem::differs(
            Claim::Repository,
            repository,
            found.as_deref(),
        ));
    }
    Ok(())
}
