//! Somebody else signs.

use super::{Forgery, HONEST, Truth};
use crate::sim::signing::{CALLER, Draft, SIGNER, What};
use crate::sim::sigstore::{Claims, Name};

const MALLORY: &str = "mallory/rocket";

pub(super) const ALL: &[Forgery] = &[
    Forgery {
        name: "signed-by-release-yml",
        summary: "Everything is signed by release.yml itself, not by the workflow that it calls.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| identity(draft, &|claims| at_base(claims, CALLER))),
        ..HONEST
    },
    Forgery {
        name: "signed-by-foreign-repository",
        summary: "A stranger's repository called our signing workflow, so that the identity is ours and the run is not.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["repository-mismatch"]),
        sign: Some(|draft| {
            draft.crafts(|craft| {
                let claims = &mut craft.claims;
                MALLORY.clone_into(&mut claims.repository);
                claims.build_config =
                    format!("https://github.com/{MALLORY}/{CALLER}@{}", claims.git_ref);
                claims.run_invocation =
                    format!("https://github.com/{MALLORY}/actions/runs/7/attempts/1");
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "signed-by-fork",
        summary: "A fork of the repository signed.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| of_repository(draft, MALLORY)),
        ..HONEST
    },
    Forgery {
        name: "signed-by-namesake",
        summary: "A repository whose name begins with ours signed.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| {
            let namesake = format!("{}-tools", draft.claims.repository);
            of_repository(draft, &namesake);
        }),
        ..HONEST
    },
    Forgery {
        name: "signed-for-pull-request",
        summary: "Our workflow signed in a run for a pull request.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| {
            identity(draft, &|claims| {
                "refs/pull/7/merge".clone_into(&mut claims.git_ref);
                "pull_request".clone_into(&mut claims.trigger);
                at_base(claims, SIGNER);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "signed-with-lookalike-path",
        summary: "The identity is that of a repository of a stranger's whose path contains ours.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| {
            identity(draft, &|claims| {
                claims.identity = format!("https://example.com/{}", claims.identity);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "signed-by-person",
        summary: "A person signed, with an e-mail address for an identity.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["identity-mismatch"]),
        sign: Some(|draft| {
            identity(draft, &|claims| {
                "mallory@example.com".clone_into(&mut claims.identity);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "wrong-issuer",
        summary: "The identity reads as ours and another issuer vouches for it.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["issuer-mismatch"]),
        sign: Some(|draft| {
            identity(draft, &|claims| {
                "https://tokens.example.com".clone_into(&mut claims.issuer);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "enterprise-issuer",
        summary: "The issuer is that of an enterprise, which begins like the public one.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["issuer-mismatch"]),
        sign: Some(|draft| identity(draft, &|claims| claims.issuer.push_str("/acme"))),
        ..HONEST
    },
    Forgery {
        name: "signature-by-release-yml",
        summary: "The signature alone is by release.yml; the attestations are right.",
        incident: Some(15),
        truth: Truth::bad_signature(&["identity-mismatch"]),
        sign: Some(|draft| {
            for item in draft.of(&What::Signature) {
                at_base(&mut item.craft.claims, CALLER);
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "provenance-by-fork",
        summary: "The provenance alone is signed by a fork; the signature is right.",
        incident: Some(15),
        truth: Truth::bad_provenance(&["identity-mismatch"]),
        sign: Some(|draft| {
            let forked = forked(draft, MALLORY);
            for item in draft.of(&What::Provenance) {
                item.craft.claims = forked.clone();
            }
        }),
        ..HONEST
    },
    Forgery {
        name: "self-hosted-runner",
        summary: "The image was signed on a runner of the owner's own.",
        incident: None,
        truth: Truth::warned(&["self-hosted-runner"]),
        sign: Some(|draft| {
            identity(draft, &|claims| {
                "self-hosted".clone_into(&mut claims.runner);
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "two-names",
        summary: "The certificates bear our workflow's address and, after it, a stranger's.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["certificate-malformed"]),
        sign: Some(|draft| {
            draft.crafts(|craft| {
                let theirs = format!("https://github.com/{MALLORY}/{SIGNER}@refs/heads/main");
                craft.more_names = vec![Name::Uri(theirs)];
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "two-names-stranger-first",
        summary: "The certificates bear a stranger's address and, after it, our workflow's.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["certificate-malformed"]),
        sign: Some(|draft| {
            draft.crafts(|craft| {
                craft.more_names = vec![Name::Uri(craft.claims.identity.clone())];
                craft.claims.identity =
                    format!("https://github.com/{MALLORY}/{SIGNER}@refs/heads/main");
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "name-and-email",
        summary: "The certificates bear our workflow's address and a person's e-mail address.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["certificate-malformed"]),
        sign: Some(|draft| {
            draft.crafts(|craft| {
                craft.more_names = vec![Name::Email("mallory@example.com".to_owned())];
            });
        }),
        ..HONEST
    },
    Forgery {
        name: "two-issuers",
        summary: "The certificates name GitHub as the issuer and, once more, another one.",
        incident: Some(15),
        truth: Truth::nothing_holds(&["certificate-malformed"]),
        sign: Some(|draft| {
            draft.crafts(|craft| {
                craft.more_extensions = vec![(8, "https://tokens.example.com".to_owned())];
            });
        }),
        ..HONEST
    },
];

fn identity(draft: &mut Draft, change: &dyn Fn(&mut Claims)) {
    draft.crafts(|craft| change(&mut craft.claims));
}

fn at_base(claims: &mut Claims, workflow: &str) {
    claims.identity = format!(
        "https://github.com/{}/{workflow}@{}",
        claims.repository, claims.git_ref
    );
}

/// The claims of a run of the same workflows in another repository.
fn forked(draft: &Draft, repository: &str) -> Claims {
    let ours = &draft.claims;
    let run = (draft.facts.run_id, draft.facts.attempt);
    Claims::github(repository, CALLER, SIGNER, &ours.git_ref, &ours.sha, run)
}

fn of_repository(draft: &mut Draft, repository: &str) {
    let forked = forked(draft, repository);
    draft.crafts(|craft| craft.claims = forked.clone());
}
