//! One piece: what it is, whether it holds, and what it claims.

use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info, verify_signature};
use sigstore_verify::types::{Artifact, Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{SubjectAltName, VerificationPolicy, VerificationResult};

use super::bundle::Envelope;
use super::statement::{SIGN_V1, Statement, kind_of};
use super::{Judge, bundle, clip, legacy, provenance, refusal, sbom};
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Claim, Claims, Fault, Item, ItemVerdict, Kind, Piece, Place, Problem, Remark,
};

/// The only payload that is a statement.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Judges a piece that hangs on `subject`.
pub(super) fn judge(judge: &Judge, piece: &Piece, subject: &Digest, is_whole: bool) -> Item {
    let payload = match piece.place {
        Place::Sig => None,
        Place::Att => Envelope::payload_of(&piece.bytes),
        Place::Referrer | Place::Github => Envelope::payload_in(&piece.bytes),
    };
    let statement = payload.as_deref().and_then(Statement::read);
    let predicate_type = statement
        .as_ref()
        .map(|statement| clip(&statement.predicate_type))
        .or_else(|| hint(piece));
    let mut item = Item {
        kind: match (piece.place, predicate_type.as_deref()) {
            (Place::Sig, _) => Kind::Signature,
            (_, Some(predicate_type)) => kind_of(predicate_type),
            // What cannot be read stands in the way of what is looked for there.
            (_, None) if is_whole => Kind::Provenance,
            (_, None) => Kind::Sbom,
        },
        layout: piece.place.layout(),
        digest: piece.digest.clone(),
        verdict: ItemVerdict::Invalid,
        problems: Vec::new(),
        remarks: Vec::new(),
        predicate_type,
        claims: None,
        sbom: None,
    };
    match verified(judge, piece, subject) {
        Ok(claims) => {
            hold_against(judge, &mut item, &claims, statement.as_ref());
            item.claims = Some(claims);
        }
        Err(refused) => {
            item.problems.push(refused.problem);
            item.claims = refused.claims;
        }
    }
    item.verdict = if item.problems.is_empty() {
        ItemVerdict::Valid
    } else if item.problems.iter().all(Problem::is_unsupported) {
        ItemVerdict::Unsupported
    } else {
        ItemVerdict::Invalid
    };
    item
}

/// What the unsigned annotations say of the type, where the statement cannot be read.
fn hint(piece: &Piece) -> Option<String> {
    ["predicateType", "dev.sigstore.bundle.predicateType"]
        .iter()
        .find_map(|key| piece.annotations.get(*key))
        .map(|text| clip(text))
}

/// Why a piece does not count.
struct Refused {
    problem: Problem,
    /// Only where its certificate was verified.
    claims: Option<Claims>,
}

/// The claims of a piece whose cryptography and identity hold.
fn verified(judge: &Judge, piece: &Piece, subject: &Digest) -> Result<Claims, Box<Refused>> {
    let bare = |problem| {
        Box::new(Refused {
            problem,
            claims: None,
        })
    };
    let bundle = match piece.place {
        Place::Sig => legacy::signature(piece),
        Place::Att => legacy::attestation(piece),
        Place::Referrer => bundle::read(&piece.bytes),
        Place::Github => bundle::read_of_github(&piece.bytes),
    }
    .map_err(bare)?;
    payload_type(&bundle).map_err(bare)?;
    let artifact = match piece.place {
        Place::Sig => Artifact::from(&piece.bytes[..]),
        Place::Att | Place::Referrer | Place::Github => {
            Artifact::from_digest(Sha256Hash::from_hex(subject.hex()).map_err(|_| {
                bare(Problem::broken(
                    Fault::Unsupported,
                    "the image's digest is not SHA-256",
                ))
            })?)
        }
    };
    // The signer is compared below, where a pattern may be used; all the cryptography is checked here.
    let policy = VerificationPolicy::any_identity();
    let result = judge
        .verifier
        .verify(artifact, &bundle, &policy)
        .map_err(|error| bare(refusal::problem(&error, &bundle, subject.as_str())))?;
    if !(result.certificate_verified() && result.sct_verified() && result.tlog_verified()) {
        return Err(bare(Problem::broken(
            Fault::Unsupported,
            "not everything was checked",
        )));
    }
    let claims = claims(&result, &bundle);
    let with_claims = |problem| {
        Box::new(Refused {
            problem,
            claims: Some(claims.clone()),
        })
    };
    match piece.place {
        Place::Sig => legacy::is_about(piece, subject).map_err(with_claims)?,
        Place::Att => legacy::same_envelope(piece).map_err(with_claims)?,
        Place::Referrer | Place::Github => {}
    }
    signer(judge, &result).map_err(with_claims)?;
    Ok(claims)
}

/// An envelope that is no statement is unsupported; unless only its type was changed, which breaks its signature.
fn payload_type(bundle: &Bundle) -> Result<(), Problem> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Ok(());
    };
    if envelope.payload_type == IN_TOTO {
        return Ok(());
    }
    let holds = bundle
        .signing_certificate()
        .and_then(|certificate| parse_certificate_info(certificate).ok())
        .is_some_and(|info| {
            let scheme = info.key_algorithm.default_signing_scheme();
            verify_signature(
                &info.public_key,
                &envelope.pae(),
                &envelope.signature.sig,
                scheme,
            )
            .is_ok()
        });
    let detail = format!("its payload is of type {}", clip(&envelope.payload_type));
    let fault = if holds {
        Fault::Unsupported
    } else {
        Fault::SignatureInvalid
    };
    Err(Problem::broken(fault, detail))
}

/// Whether the verified certificate is of the signer that is asked for.
fn signer(judge: &Judge, result: &VerificationResult) -> Result<(), Problem> {
    let recipe = &judge.recipe;
    let identity = result.identity();
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
    if result.issuer() != Some(recipe.issuer.as_str()) {
        let found = result.issuer().map(clip);
        return Err(Problem::differs(
            Claim::Issuer,
            &recipe.issuer,
            found.as_deref(),
        ));
    }
    let Some(repository) = &recipe.repository else {
        return Ok(());
    };
    let ci = result.certificate().map(|info| &info.ci_claims);
    let named = ci.and_then(|ci| ci.deprecated_github.workflow_repository.as_deref());
    if named != Some(repository.as_str()) {
        let found = named.map(clip);
        return Err(Problem::differs(
            Claim::Repository,
            repository,
            found.as_deref(),
        ));
    }
    // The newer extension says the same in full; two answers in one certificate are none.
    let source = ci.and_then(|ci| ci.source_repository_uri.as_deref());
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

fn claims(result: &VerificationResult, bundle: &Bundle) -> Claims {
    let clipped = |text: &Option<String>| text.as_deref().map(clip);
    let mut claims = Claims {
        identity: result.identity().map(|identity| clip(identity.as_str())),
        issuer: result.issuer().map(clip),
        log_index: bundle
            .verification_material
            .tlog_entries
            .first()
            .and_then(|entry| u64::try_from(entry.log_index.as_i64()).ok()),
        times: result.verified_timestamps().to_vec(),
        ..Claims::default()
    };
    if let Some(CertificateInfo { ci_claims: ci, .. }) = result.certificate() {
        let old = &ci.deprecated_github;
        claims.repository = clipped(&old.workflow_repository);
        claims.commit = clipped(&ci.source_repository_digest).or(clipped(&old.workflow_sha));
        claims.git_ref = clipped(&ci.source_repository_ref).or(clipped(&old.workflow_ref));
        claims.run = clipped(&ci.run_invocation_uri);
        claims.workflow = clipped(&ci.build_config_uri);
        claims.trigger = clipped(&ci.build_trigger).or(clipped(&old.workflow_trigger));
        claims.runner = clipped(&ci.runner_environment);
        claims.environment = clipped(&ci.deployment_environment);
    }
    claims
}

/// Compares what a verified piece says with what it must say.
fn hold_against(
    judge: &Judge,
    item: &mut Item,
    claims: &Claims,
    statement: Option<&Statement<'_>>,
) {
    if claims.runner.as_deref() == Some("self-hosted") {
        item.remarks.push(Remark::SelfHosted);
    }
    let predicate = statement.and_then(|statement| statement.predicate);
    match (item.kind, item.predicate_type.as_deref()) {
        (Kind::Provenance, Some(predicate_type)) => {
            let (problems, remarks) =
                provenance::compare(predicate_type, predicate, claims, &judge.recipe);
            item.problems.extend(problems);
            item.remarks.extend(remarks);
        }
        (Kind::Sbom, Some(predicate_type)) => match sbom::read(predicate_type, predicate) {
            Some(summary) => item.sbom = Some(summary),
            None => item.remarks.push(Remark::SbomUnread),
        },
        (Kind::Signature, Some(predicate_type)) if predicate_type != SIGN_V1 => {
            item.problems.push(Problem::broken(Fault::Malformed, ""));
        }
        _ => {}
    }
}
