//! One piece: what it is, whether it holds, and what it claims.

use std::borrow::Cow;

use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info, verify_signature};
use sigstore_verify::types::bundle::TimestampVerificationData;
use sigstore_verify::types::{Artifact, Bundle, Sha256Hash, SignatureContent};
use sigstore_verify::{Error, VerificationPolicy, VerificationResult};

use super::bundle::Envelope;
use super::statement::{SIGN_V1, SLSA_V02, Statement, kind_of};
use super::{Judge, bundle, clip, elsewhere, legacy, provenance, refusal, sbom, signer, strict};
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Check, Checks, Claims, Fault, Form, Item, ItemVerdict, Kind, Piece, Place, Predicate, Problem,
    Remark,
};

/// The only payload that is a statement.
const IN_TOTO: &str = "application/vnd.in-toto+json";

/// A piece as the verifier takes it.
struct Opened {
    /// In which form clients meet it.
    form: Form,
    bundle: Result<Bundle, Problem>,
    /// Whether the log saw these very bytes.
    logged: Result<(), Problem>,
}

impl Opened {
    fn of(piece: &Piece) -> Self {
        let mut logged = Ok(());
        let (form, bundle) = match piece.place {
            Place::Sig => (Form::Sig, legacy::signature(piece)),
            Place::Att => {
                let opened = legacy::attestation(piece);
                let bundle = opened.map(|(bundle, is_logged)| {
                    logged = is_logged;
                    bundle
                });
                (Form::Att, bundle)
            }
            Place::Referrer => bundle::read_of_registry(&piece.bytes),
            // No client looks there.
            Place::Github => (Form::Closed, bundle::read_of_github(&piece.bytes)),
        };
        Self {
            form,
            bundle,
            logged,
        }
    }

    /// The statement's text: where the piece can be opened, the very text that is verified.
    fn payload(&self, piece: &Piece) -> Option<Cow<'_, [u8]>> {
        match (&self.bundle, piece.place) {
            (_, Place::Sig) => None,
            (Ok(bundle), _) => match &bundle.content {
                SignatureContent::DsseEnvelope(envelope) => {
                    Some(Cow::Borrowed(envelope.payload.as_bytes()))
                }
                _ => None,
            },
            (Err(_), Place::Att) => Envelope::payload_of(&piece.bytes).map(Cow::Owned),
            (Err(_), Place::Referrer | Place::Github) => {
                Envelope::payload_in(&piece.bytes).map(Cow::Owned)
            }
        }
    }
}

/// Judges a piece that hangs on `subject`.
pub(super) fn judge(judge: &Judge, piece: &Piece, subject: &Digest, is_whole: bool) -> Item {
    let opened = Opened::of(piece);
    let payload = opened.payload(piece);
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
        on: Some(subject.clone()),
        checks: Checks::default(),
        predicate: None,
    };
    let looked = look(judge, piece, subject, &opened);
    item.problems = looked.problems;
    item.claims = looked.claims;
    item.checks = looked.checks;
    item.checks.shape = shape(statement.as_ref());
    if item.problems.is_empty()
        && let Some(why) = ambiguous(piece, payload.as_deref())
    {
        item.problems.push(Problem::broken(Fault::Malformed, why));
    }
    if let Some(claims) = item.claims.clone()
        && item.problems.is_empty()
    {
        hold_against(judge, &mut item, &claims, statement.as_ref());
    }
    if item.claims.is_some() {
        let said = statement.and_then(|statement| statement.predicate);
        item.predicate = said.and_then(|said| Predicate::read(said.get()));
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

/// Why readers of the signed text may each read another thing.
fn ambiguous(piece: &Piece, payload: Option<&[u8]>) -> Option<String> {
    let inner = payload.and_then(strict::fault);
    inner.or_else(|| strict::fault(&piece.bytes))
}

/// Whether clients can read the statement, which they do into records of their own.
fn shape(statement: Option<&Statement<'_>>) -> Check {
    let Some(statement) = statement else {
        return Check::Unknown;
    };
    match statement.predicate_type.as_str() {
        SLSA_V02 => Check::of(elsewhere::reads_v02(statement.predicate)),
        _ => Check::Holds,
    }
}

/// What a look at a piece gave.
struct Looked {
    checks: Checks,
    /// Only where its certificate was verified.
    claims: Option<Claims>,
    /// Why it does not count, most important first.
    problems: Vec<Problem>,
}

/// Looks at the cryptography and the identity of a piece.
fn look(judge: &Judge, piece: &Piece, subject: &Digest, opened: &Opened) -> Looked {
    let mut checks = Checks {
        form: opened.form,
        ..Checks::default()
    };
    let refused = |checks, problem| Looked {
        checks,
        claims: None,
        problems: vec![problem],
    };
    let bundle = match &opened.bundle {
        Ok(bundle) => bundle,
        Err(problem) if problem.is_unsupported() => {
            let checks = elsewhere::checks(judge, piece, subject, checks);
            return refused(checks, problem.clone());
        }
        Err(problem) => {
            checks.by_log = Check::Fails;
            checks.by_stamp = Check::Fails;
            return refused(checks, problem.clone());
        }
    };
    if let Err(problem) = payload_type(bundle) {
        checks.by_log = Check::Fails;
        checks.by_stamp = Check::Fails;
        return refused(checks, problem);
    }
    let artifact = match artifact(piece, subject) {
        Ok(artifact) => artifact,
        Err(problem) => return refused(checks, problem),
    };
    let result = match verify(judge, artifact, bundle) {
        Ok(result) => result,
        Err(error) => {
            let problem = refusal::problem(&error, bundle, subject.as_str());
            (checks.by_log, checks.by_stamp) = match &error {
                _ if problem.is_unsupported() || !refusal::is_read(bundle) => {
                    (Check::Unknown, Check::Unknown)
                }
                Error::Timestamp(_) | Error::Certificate(_) => {
                    (without_stamps(judge, piece, subject, bundle), Check::Fails)
                }
                _ => (Check::Fails, Check::Fails),
            };
            return refused(checks, problem);
        }
    };
    if !(result.certificate_verified() && result.sct_verified() && result.tlog_verified()) {
        let problem = Problem::broken(Fault::Unsupported, "not everything was checked");
        return refused(checks, problem);
    }
    let mut problems = Vec::new();
    let mut hold = |result: Result<(), Problem>| {
        let holds = Check::of(result.is_ok());
        problems.extend(result.err());
        holds
    };
    let (about, envelope) = match piece.place {
        Place::Sig => (hold(legacy::is_about(piece, subject)), Check::Holds),
        Place::Att => (Check::Holds, hold(opened.logged.clone())),
        Place::Referrer | Place::Github => (Check::Holds, Check::Holds),
    };
    checks.subject = about;
    if piece.place == Place::Sig && hold(legacy::is_payload(piece)) == Check::Fails {
        // Clients read the digest, whatever the payload calls itself.
        checks.subject = about;
    }
    checks.by_log = envelope.and(Check::of(has_log_time(bundle)));
    checks.by_stamp = envelope.and(Check::of(has_stamps(bundle)));
    checks.signer = hold(signer::is_expected(judge, &result));
    if let Err(problem) = signer::is_plain(bundle) {
        problems.insert(0, problem);
        // Which of its names a client takes is the client's affair.
        checks.signer = Check::Unknown;
    }
    // The first is the one to tell: what follows often follows from it.
    problems.truncate(1);
    Looked {
        checks,
        claims: Some(claims(&result, bundle)),
        problems,
    }
}

/// All the cryptography; the signer is compared elsewhere, where a pattern may be used.
fn verify(
    judge: &Judge,
    artifact: Artifact<'_>,
    bundle: &Bundle,
) -> Result<VerificationResult, Error> {
    let policy = VerificationPolicy::any_identity();
    judge.verifier.verify(artifact, bundle, &policy)
}

/// What is signed: the bytes themselves, or a statement about the digest.
fn artifact<'a>(piece: &'a Piece, subject: &Digest) -> Result<Artifact<'a>, Problem> {
    if piece.place == Place::Sig {
        return Ok(Artifact::from(&piece.bytes[..]));
    }
    let hash = Sha256Hash::from_hex(subject.hex())
        .map_err(|_| Problem::broken(Fault::Unsupported, "the image's digest is not SHA-256"))?;
    Ok(Artifact::from_digest(hash))
}

/// Whether a bundle whose time stamps do not hold would hold without them: some clients do not look at them.
fn without_stamps(judge: &Judge, piece: &Piece, subject: &Digest, bundle: &Bundle) -> Check {
    if !(has_stamps(bundle) && has_log_time(bundle)) {
        return Check::Fails;
    }
    let mut bare = bundle.clone();
    let material = &mut bare.verification_material;
    material.timestamp_verification_data = TimestampVerificationData::default();
    let holds =
        artifact(piece, subject).is_ok_and(|artifact| verify(judge, artifact, &bare).is_ok());
    Check::of(holds)
}

fn has_stamps(bundle: &Bundle) -> bool {
    let stamps = &bundle.verification_material.timestamp_verification_data;
    !stamps.rfc3161_timestamps.is_empty()
}

/// Whether an entry's promise vouches for a time of signing.
fn has_log_time(bundle: &Bundle) -> bool {
    let entries = &bundle.verification_material.tlog_entries;
    entries
        .iter()
        .any(|entry| entry.inclusion_promise.is_some() && entry.integrated_time.is_some())
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
