//! What is said of each subject: the signature, the provenance, the SBOM of each platform.

use super::{COMMIT, PROVENANCE, SBOM, SIGNATURE, SIGNER, base, reasons, spoken};
use crate::domain::assess::{Row, Verdict};
use crate::domain::evidence::{
    Claim, ClientView, Item, ItemVerdict, Problem, Subject, SubjectReport, SubjectVerdict,
    Verification, capital, cosign, platform_name,
};

/// The rule that a problem belongs to; `own` is that of the subject it was found at.
fn rule_of<'a>(problem: &Problem, own: &'a str) -> &'a str {
    match problem {
        Problem::Differs { claim, .. } => match claim {
            Claim::Identity | Claim::Issuer | Claim::Repository => SIGNER,
            Claim::ProvenanceCommit | Claim::CertificateCommit => COMMIT,
            _ => own,
        },
        Problem::Broken { .. } => own,
    }
}

pub(super) fn subject(
    rows: &mut Vec<Row>,
    found: &Verification,
    subject: Subject,
    report: &SubjectReport,
    platform: Option<&str>,
) {
    let (rule, what) = match subject {
        Subject::Signature => (SIGNATURE, "signature".to_owned()),
        Subject::Provenance => (PROVENANCE, "provenance".to_owned()),
        Subject::Sbom => (SBOM, format!("SBOM {}", platform.unwrap_or_default())),
    };
    let row = match report.verdict {
        SubjectVerdict::Valid => {
            let (title, sentence) = praise(subject, report, &what);
            Row::new(rule, Verdict::Go, title, sentence)
        }
        SubjectVerdict::Absent => absent(rule, subject, report, platform, found),
        SubjectVerdict::Invalid => {
            // Whoever signed one thing signed the others too: that is said once.
            let own = by_rule(report, rule)
                .into_iter()
                .find(|of| !ONE_FOR_ALL.contains(&of.rule));
            let Some(own) = own else {
                return;
            };
            let code = spoken(own.first.code());
            let title = if code.starts_with(&what) {
                code
            } else {
                format!("{what}: {code}")
            };
            let words = own.first.words();
            // Some problems name what they are of by themselves.
            let sentence = if words.starts_with(&what) {
                format!("{}.", capital(&words))
            } else {
                format!("{}: {words}.", capital(&what))
            };
            Row::new(rule, Verdict::NoGo, title, sentence)
                .remedy(remedy_of(rule))
                .codes(own.codes)
        }
        SubjectVerdict::Unsupported => {
            let why = problems(report).next().map(Problem::words);
            let sentence = format!("{}: {}.", capital(&what), why.unwrap_or_default());
            let title = format!("{what} cannot be judged");
            Row::new(rule, Verdict::Unknown, title, sentence)
                .remedy("Others may be able to judge it; look at the evidence.")
                .codes(["unsupported".to_owned()])
        }
        SubjectVerdict::Unknown => {
            let mut unseen = reasons(found, "not-looked");
            let why = unseen.next().map(|reason| reason.sentence.as_str());
            let why = why.unwrap_or("not everything could be looked at.");
            let title = format!("{what} not known");
            Row::new(
                rule,
                Verdict::Unknown,
                title,
                format!("{}: {why}", capital(&what)),
            )
            .remedy("Look again when the service answers.")
            .codes(["not-looked".to_owned()])
        }
    };
    let mut row = row;
    row.about = platform.map(str::to_owned);
    row.others = others(found, subject, platform);
    rows.push(row);
}

/// Rules whose problems are told once for all that has them.
const ONE_FOR_ALL: [&str; 2] = [SIGNER, COMMIT];

/// One row for each problem of the signer or of the commit, naming all that has it.
pub(super) fn one_for_all(rows: &mut Vec<Row>, found: &Verification) {
    let mut told: Vec<(OfRule<'_>, Vec<String>)> = Vec::new();
    for (own, name, report) in subjects(found) {
        if report.verdict != SubjectVerdict::Invalid {
            continue;
        }
        let bad = by_rule(report, own).into_iter();
        for of in bad.filter(|of| ONE_FOR_ALL.contains(&of.rule)) {
            match told.iter_mut().find(|(known, _)| known.first == of.first) {
                Some((_, names)) => names.push(name.clone()),
                None => told.push((of, vec![name.clone()])),
            }
        }
    }
    let several = told.len() > 1;
    for (of, names) in told {
        let (first, all) = (names.first().cloned().unwrap_or_default(), names.join(", "));
        let sentence = format!("{}: {}.", capital(&all), of.first.words());
        let mut row = Row::new(of.rule, Verdict::NoGo, verdict_on(of.first), sentence)
            .remedy(remedy_of(of.rule))
            .codes(of.codes);
        row.about = several.then_some(first);
        row.others = cosign::differences(&found.clients);
        rows.push(row);
    }
}

/// What is wrong with the signer or the commit, in the few words that the header has room for.
fn verdict_on(problem: &Problem) -> String {
    let words = match problem {
        Problem::Differs { claim, .. } => match claim {
            Claim::Identity => "signed by a stranger",
            Claim::Issuer => "another issuer vouches for the signer",
            Claim::Repository => "signed in another repository's run",
            Claim::ProvenanceCommit | Claim::CertificateCommit => "built from another commit",
            _ => return spoken(problem.code()),
        },
        Problem::Broken { .. } => return spoken(problem.code()),
    };
    words.to_owned()
}

/// What is judged of an image, with the rule and the name of each.
fn subjects(found: &Verification) -> impl Iterator<Item = (&'static str, String, &SubjectReport)> {
    let whole = [
        (SIGNATURE, "signature".to_owned(), &found.signature),
        (PROVENANCE, "provenance".to_owned(), &found.provenance),
    ];
    let sboms = found.sboms.iter().map(|platform| {
        let name = format!("SBOM {}", platform_name(&platform.platform));
        (SBOM, name, &platform.report)
    });
    whole.into_iter().chain(sboms)
}

/// What cosign would say of a subject, where that differs.
fn others(found: &Verification, subject: Subject, platform: Option<&str>) -> Vec<String> {
    let views: Vec<ClientView> = found
        .clients
        .iter()
        .filter(|view| view.subject == subject)
        .filter(|view| view.platform.as_ref().map(platform_name).as_deref() == platform)
        .cloned()
        .collect();
    cosign::differences(&views)
}

fn problems(report: &SubjectReport) -> impl Iterator<Item = &Problem> {
    let bad = |item: &&Item| item.verdict != ItemVerdict::Valid;
    report
        .items
        .iter()
        .filter(bad)
        .flat_map(|item| &item.problems)
}

/// What is wrong with a subject by one rule.
struct OfRule<'a> {
    rule: &'a str,
    first: &'a Problem,
    codes: Vec<String>,
}

/// The problems of a subject by the rules that they belong to, in the order in which they were found.
fn by_rule<'a>(report: &'a SubjectReport, own: &'a str) -> Vec<OfRule<'a>> {
    let mut told: Vec<OfRule<'a>> = Vec::new();
    for problem in problems(report).filter(|problem| !problem.is_unsupported()) {
        let rule = rule_of(problem, own);
        let code = problem.code().to_owned();
        match told.iter_mut().find(|of| of.rule == rule) {
            Some(of) if of.codes.contains(&code) => {}
            Some(of) => of.codes.push(code),
            None => told.push(OfRule {
                rule,
                first: problem,
                codes: vec![code],
            }),
        }
    }
    told
}

fn remedy_of(rule: &str) -> &'static str {
    match rule {
        SIGNER => "Do not approve. Find out who signed it, and rotate what they could use.",
        COMMIT => "Do not approve. Release the commit that was tested.",
        PROVENANCE => "See the job that attests, `create-manifest`; do not approve.",
        SBOM => "See the job that attests, `create-manifest`.",
        _ => "See the job that signs, `create-manifest`; do not approve.",
    }
}

fn praise(subject: Subject, report: &SubjectReport, what: &str) -> (String, String) {
    let valid = report
        .items
        .iter()
        .find(|item| item.verdict == ItemVerdict::Valid);
    let claims = valid.and_then(|item| item.claims.as_ref());
    match subject {
        Subject::Signature => {
            let entry = claims.and_then(|claims| claims.log_index);
            let entry = entry.map_or_else(String::new, |n| format!(", entry {n} of the log"));
            (
                what.to_owned(),
                format!("The signature over the image holds{entry}."),
            )
        }
        Subject::Provenance => (
            "built by our pipeline".to_owned(),
            format!(
                "Provenance holds and names the run that built the image ({}).",
                report.predicate_type().unwrap_or("no type")
            ),
        ),
        Subject::Sbom => {
            let packages = valid.and_then(|item| item.sbom.as_ref());
            let packages = packages.map_or_else(String::new, |sbom| {
                format!(" and lists {} packages", sbom.packages.len())
            });
            (what.to_owned(), format!("The {what} holds{packages}."))
        }
    }
}

/// Nothing of the kind is there.
fn absent(
    rule: &str,
    subject: Subject,
    report: &SubjectReport,
    platform: Option<&str>,
    found: &Verification,
) -> Row {
    let say = |title: String, sentence: String, remedy: &str| {
        Row::new(rule, Verdict::NoGo, title, sentence).remedy(remedy)
    };
    match subject {
        Subject::Signature => say(
            "not signed".to_owned(),
            "The image is not signed: there is no signature that says so.".to_owned(),
            "See the job that signs, `create-manifest`; do not approve.",
        )
        .codes(["signature-absent".to_owned()]),
        Subject::Provenance => say(
            "no provenance".to_owned(),
            "Nothing says how the image was built.".to_owned(),
            "See the job that attests, `create-manifest`; do not approve.",
        )
        .codes(["provenance-absent".to_owned()]),
        Subject::Sbom => {
            let platform = platform.unwrap_or_default();
            let sentence = match report.predicate_type() {
                Some(kind) => {
                    format!("The SBOM for {platform} is of type {kind}, which does not count here.")
                }
                None => format!("Nothing lists what is in the image for {platform}."),
            };
            let architecture = platform.split('/').nth(1).unwrap_or_default();
            let codes = found.reasons.iter().filter(|reason| match base(reason) {
                "sbom-type" => report.predicate_type().is_some(),
                "sbom-absent" => reason
                    .code
                    .split_once(':')
                    .is_none_or(|(_, of)| of == architecture),
                _ => false,
            });
            let codes: Vec<String> = codes.map(|reason| reason.code.clone()).collect();
            say(
                format!("SBOM {platform} missing"),
                sentence,
                "See the job that attests, `create-manifest`: each platform needs its own.",
            )
            .codes(codes)
        }
    }
}
