//! Certificates, logs and signatures that do not hold.

use jiff::SignedDuration;

use super::layout::bundles_only;
use super::{Forgery, HONEST, Root, Truth, Verdict};
use crate::sim::signing::{Draft, Payload, Tamper, What};
use crate::sim::sigstore::{Logging, Party, Receipt, Signer};

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "untrusted-ca",
        summary: "The certificates are of an authority outside the trust root.",
        truth: Truth::nothing_holds(&["untrusted-ca"]),
        sign: Some(|draft| draft.crafts(|craft| craft.authority = Party::Stranger)),
        ..HONEST
    },
    Forgery {
        name: "sct-missing",
        summary: "The certificates were never logged.",
        truth: Truth::nothing_holds(&["sct-missing"]),
        sign: Some(|draft| draft.crafts(|craft| craft.receipt = Receipt::Missing)),
        ..HONEST
    },
    Forgery {
        name: "sct-of-unknown-log",
        summary: "The certificates were logged where nobody looks.",
        truth: Truth::nothing_holds(&["sct-invalid"]),
        sign: Some(|draft| draft.crafts(|craft| craft.receipt = Receipt::Stranger)),
        ..HONEST
    },
    Forgery {
        name: "sct-forged",
        summary: "The receipt of the certificate log is signed by somebody else.",
        truth: Truth::nothing_holds(&["sct-invalid"]),
        sign: Some(|draft| draft.crafts(|craft| craft.receipt = Receipt::Forged)),
        ..HONEST
    },
    Forgery {
        name: "not-logged",
        summary: "The signatures are in no transparency log.",
        truth: Truth::nothing_holds(&["tlog-missing"]),
        sign: Some(|draft| draft.crafts(|craft| craft.log = Logging::Nowhere)),
        ..HONEST
    },
    Forgery {
        name: "logged-elsewhere",
        summary: "The signatures are in a log that the trust root does not know.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| draft.crafts(|craft| craft.log = Logging::Stranger)),
        ..HONEST
    },
    Forgery {
        name: "certificate-expired",
        summary: "The signatures were made after the certificates had ended.",
        truth: Truth::nothing_holds(&["certificate-expired"]),
        sign: Some(|draft| {
            // Issued early and used late: the log's time is after the certificate's ten minutes.
            let late = SignedDuration::from_mins(11);
            let logged_at = draft.at.checked_add(late).ok();
            draft.crafts(|craft| craft.logged_at = logged_at);
        }),
        ..HONEST
    },
    Forgery {
        name: "key-pair",
        summary: "The image is signed with a bare key that belongs to nobody.",
        truth: Truth::nothing_holds(&["not-keyless"]),
        sign: Some(|draft| draft.crafts(|craft| craft.signer = Signer::KeyPair)),
        ..HONEST
    },
    Forgery {
        name: "certificate-missing",
        summary: "The certificates were taken away.",
        truth: Truth::nothing_holds(&["not-keyless"]),
        sign: Some(|draft| tampered(draft, Tamper::NoCertificate)),
        ..HONEST
    },
    Forgery {
        name: "certificate-swapped",
        summary: "The certificates are others of the same signer.",
        truth: Truth::nothing_holds(&["signature-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Certificate)),
        ..HONEST
    },
    Forgery {
        name: "tampered-payload",
        summary: "What was signed was changed afterwards.",
        truth: Truth::nothing_holds(&["signature-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Payload)),
        ..HONEST
    },
    Forgery {
        name: "tampered-signature",
        summary: "A bit of each signature was flipped.",
        truth: Truth::nothing_holds(&["signature-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Signature)),
        ..HONEST
    },
    Forgery {
        name: "tampered-promise",
        summary: "A bit of the log's signed promise was flipped.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Promise)),
        ..HONEST
    },
    Forgery {
        name: "tampered-time",
        summary: "The time of the log entries was changed.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Time)),
        ..HONEST
    },
    Forgery {
        name: "entry-swapped",
        summary: "The log entries are those of other signatures.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| tampered(draft, Tamper::Entry)),
        ..HONEST
    },
    Forgery {
        name: "envelope-reformatted",
        summary: "The provenance's envelope has the same content in other bytes than those that were logged.",
        truth: Truth::bad_provenance(&["tlog-invalid"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Provenance) {
                item.tamper = Some(Tamper::Envelope);
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "bundles-tampered-payload",
        summary: "The evidence is kept as bundles, and what was signed was changed afterwards.",
        truth: Truth::nothing_holds(&["signature-invalid"]),
        sign: Some(|draft| {
            bundles_only(draft);
            tampered(draft, Tamper::Payload);
        }),
        ..HONEST
    },
    Forgery {
        name: "bundles-tampered-promise",
        summary: "The evidence is kept as bundles, and a bit of the log's signed promise was flipped.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| {
            bundles_only(draft);
            tampered(draft, Tamper::Promise);
        }),
        ..HONEST
    },
    Forgery {
        name: "tampered-proof",
        summary: "The evidence is kept as bundles, and their proofs lead to another root.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| {
            bundles_only(draft);
            tampered(draft, Tamper::Proof);
        }),
        ..HONEST
    },
    Forgery {
        name: "tampered-checkpoint",
        summary: "The evidence is kept as bundles, and the log's checkpoints are not signed by the log.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        sign: Some(|draft| {
            bundles_only(draft);
            tampered(draft, Tamper::Checkpoint);
        }),
        ..HONEST
    },
    Forgery {
        name: "signature-copied",
        summary: "The signature is that of another image.",
        truth: Truth::bad_signature(&["digest-mismatch"]),
        sign: Some(copied),
        ..HONEST
    },
    Forgery {
        name: "bundles-signature-copied",
        summary: "The evidence is kept as bundles, and the signature is that of another image.",
        truth: Truth::bad_signature(&["subject-mismatch"]),
        sign: Some(|draft| {
            bundles_only(draft);
            copied(draft);
        }),
        ..HONEST
    },
    Forgery {
        name: "trust-root-expired",
        summary: "The keys of the trust root had ended when the release was signed.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        root: Root::Expired,
        ..HONEST
    },
    Forgery {
        name: "trust-root-empty",
        summary: "The trust root holds no key at all.",
        truth: Truth {
            verdict: Verdict::Unknown,
            ..Truth::nothing_holds(&["untrusted-ca"])
        },
        root: Root::Empty,
        ..HONEST
    },
    Forgery {
        name: "trust-root-of-others",
        summary: "The trust root is that of another instance.",
        truth: Truth::nothing_holds(&["tlog-invalid"]),
        root: Root::Other,
        ..HONEST
    },
];

fn tampered(draft: &mut Draft, tamper: Tamper) {
    for item in &mut draft.items {
        item.tamper = Some(tamper);
    }
}

fn copied(draft: &mut Draft) {
    for item in draft.of(&What::Signature) {
        if let Payload::Image(subject) = &mut item.payload {
            subject.digest = super::shape::elsewhere();
        }
    }
}
