//! What a certificate claims and a statement says, each beside what it must be, and where the two first differ.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::domain::evidence::{Claim, Claims, Item, Problem, Recipe};
use crate::present::clean::clean;
use crate::present::role::Sign;

/// One thing that is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What it is, as a label.
    pub label: &'static str,
    /// Whether it is as it must be; `None`: nothing is asked of it.
    pub sign: Option<Sign>,
    /// What is claimed, clean.
    pub found: String,
    /// What it must be, where that differs: clean, and written so that equal parts stand in equal columns.
    pub difference: Option<Difference>,
}

/// What something must be, and where what is found leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it must be.
    pub expected: String,
    /// Letters (grapheme clusters) that both have in common from the start.
    pub at: usize,
}

impl Difference {
    /// Between two texts.
    pub fn between(expected: &str, found: &str) -> Self {
        let expected = clean(expected);
        let same = |(a, b): &(&str, &str)| a == b;
        let both = expected.graphemes(true).zip(found.graphemes(true));
        let at = both.take_while(same).count();
        Self { expected, at }
    }

    /// Between a pattern and a text: what of the pattern the text fits is written as in the text.
    ///
    /// Letters, escaped letters and choices between words are followed; at anything else the pattern is given up.
    fn from_pattern(pattern: &str, found: &str) -> Self {
        let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
        let mut text = found;
        while !rest.is_empty() {
            let Some((fits, behind)) = step(rest, text) else {
                break;
            };
            rest = behind;
            text = text.get(fits..).unwrap_or_default();
        }
        let common = found
            .get(..found.len() - text.len())
            .unwrap_or_default()
            .to_owned();
        let at = common.graphemes(true).count();
        Self {
            expected: format!("{common}{}…", clean(&plain(rest))),
            at,
        }
    }
}

/// One step of a pattern over a text: bytes that fit, and what of the pattern is left.
fn step<'p>(pattern: &'p str, text: &str) -> Option<(usize, &'p str)> {
    if let Some(group) = pattern.strip_prefix('(') {
        let end = group.find(')')?;
        let (words, behind) = (group.get(..end)?, group.get(end + 1..)?);
        let words = words.strip_prefix("?:").unwrap_or(words);
        if repeats(behind) || words.contains(['(', '[', '*', '+', '?', '.', '\\']) {
            return None;
        }
        let fits = words.split('|').find(|word| text.starts_with(word))?;
        return Some((fits.len(), behind));
    }
    let (letter, behind) = literal(pattern)?;
    if repeats(behind) || !text.starts_with(letter) {
        return None;
    }
    Some((letter.len_utf8(), behind))
}

/// The first letter of a pattern, where it stands for itself.
fn literal(pattern: &str) -> Option<(char, &str)> {
    let mut letters = pattern.chars();
    match letters.next()? {
        '\\' => {
            let letter = letters.next()?;
            (!letter.is_ascii_alphanumeric()).then_some((letter, letters.as_str()))
        }
        letter if r".^$|?*+()[]{}".contains(letter) => None,
        letter => Some((letter, letters.as_str())),
    }
}

fn repeats(behind: &str) -> bool {
    behind.starts_with(['*', '+', '?', '{'])
}

/// A pattern as a person reads it: escaped letters without their escape.
pub fn plain(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    while !rest.is_empty() {
        let (letter, behind) = literal(rest).unwrap_or_else(|| {
            let mut letters = rest.chars();
            let letter = letters.next().unwrap_or_default();
            (letter, letters.as_str())
        });
        text.push(letter);
        rest = behind;
    }
    text
}

/// Every claim of a verified certificate.
pub fn of_certificate(claims: &Claims, item: &Item, recipe: &Recipe) -> Vec<Compared> {
    let has = |claim: Claim| {
        item.problems
            .iter()
            .any(|problem| matches!(problem, Problem::Differs { claim: own, .. } if *own == claim))
    };
    let mut rows = Vec::new();
    let identity = claims.identity.as_deref().map(clean);
    rows.push(match identity {
        Some(found) if has(Claim::Identity) => Compared {
            label: "identity",
            sign: Some(Sign::Failed),
            difference: Some(Difference::from_pattern(recipe.identity.as_str(), &found)),
            found,
        },
        Some(found) => Compared {
            label: "identity",
            sign: Some(Sign::Done),
            found,
            difference: None,
        },
        None => compared(
            "identity",
            None,
            Some(&plain(recipe.identity.as_str())),
            true,
        ),
    });
    let mut exact = |label, found: Option<&str>, expected: Option<&str>, is_refused| {
        if found.is_some() || expected.is_some() {
            rows.push(compared(label, found, expected, is_refused));
        }
    };
    exact(
        "issuer",
        claims.issuer.as_deref(),
        Some(&recipe.issuer),
        has(Claim::Issuer),
    );
    exact(
        "repository",
        claims.repository.as_deref(),
        recipe.repository.as_deref(),
        has(Claim::Repository),
    );
    exact(
        "commit",
        claims.commit.as_deref(),
        recipe.commit.as_deref(),
        has(Claim::CertificateCommit),
    );
    exact(
        "ref",
        claims.git_ref.as_deref(),
        recipe.git_ref.as_deref(),
        has(Claim::CertificateRef),
    );
    let run = claims.run.as_deref();
    let address = recipe.run.as_deref().map(|id| run_address(run, id, recipe));
    exact("run", run, address.as_deref(), has(Claim::CertificateRun));
    exact("workflow", claims.workflow.as_deref(), None, false);
    exact("trigger", claims.trigger.as_deref(), None, false);
    exact("runner", claims.runner.as_deref(), None, false);
    exact("environment", claims.environment.as_deref(), None, false);
    rows
}

/// What a statement says otherwise than it must.
pub fn of_statement(item: &Item) -> Vec<Compared> {
    let differs = |problem: &Problem| match problem {
        Problem::Differs {
            claim,
            expected,
            found,
        } => Some(compared(
            statement_label(*claim)?,
            found.as_deref(),
            Some(expected),
            true,
        )),
        Problem::Broken { .. } => None,
    };
    item.problems.iter().filter_map(differs).collect()
}

fn statement_label(claim: Claim) -> Option<&'static str> {
    Some(match claim {
        Claim::ImageDigest | Claim::SubjectDigest => "digest",
        Claim::PayloadType => "type",
        Claim::Builder => "builder",
        Claim::EntryPoint => "entry point",
        Claim::ProvenanceRepository => "repository",
        Claim::ProvenanceCommit => "commit",
        Claim::ProvenanceRun => "run",
        Claim::ProvenanceRef => "ref",
        _ => return None,
    })
}

/// What it means that a claim differs, in one sentence.
pub fn in_short(claim: Claim) -> &'static str {
    match claim {
        Claim::Identity => "It is signed by another than must sign.",
        Claim::Issuer => "Another issuer vouches for the signer than must.",
        Claim::Repository => "It was signed in a run of another repository.",
        Claim::ImageDigest => "What was signed is another image.",
        Claim::PayloadType => "What was signed is no signature of an image.",
        Claim::SubjectDigest => "The statement is about another digest than the one it hangs on.",
        Claim::Builder => "Its provenance names another builder.",
        Claim::EntryPoint => "Its provenance names another workflow that the run started with.",
        Claim::ProvenanceRepository => "Its provenance names another repository.",
        Claim::ProvenanceCommit => "Its provenance names another commit.",
        Claim::ProvenanceRun => "Its provenance names another run.",
        Claim::ProvenanceRef => "Its provenance names another ref.",
        Claim::CertificateCommit => "Its certificate was issued for another commit.",
        Claim::CertificateRun => "Its certificate was issued in another run.",
        Claim::CertificateRef => "Its certificate was issued for another ref.",
    }
}

/// The address that the certificate of a run must name; its host is taken from the one that it names.
fn run_address(found: Option<&str>, run: &str, recipe: &Recipe) -> String {
    let repository = recipe.repository.as_deref().unwrap_or_default();
    let path = match run.split_once('-') {
        Some((id, attempt)) => format!("/{repository}/actions/runs/{id}/attempts/{attempt}"),
        None => format!("/{repository}/actions/runs/{run}"),
    };
    let host = found.and_then(|found| {
        let at = found.find("://")? + 3;
        let end = at + found.get(at..)?.find('/')?;
        found.get(..end)
    });
    format!("{}{path}", host.unwrap_or("https://github.com"))
}

fn compared(
    label: &'static str,
    found: Option<&str>,
    expected: Option<&str>,
    is_refused: bool,
) -> Compared {
    let text = found.map_or_else(|| "nothing".to_owned(), clean);
    // A run of which the attempt is not known begins as it must.
    let fits = |expected: &str| {
        found == Some(expected)
            || label == "run" && found.is_some_and(|f| f.starts_with(&format!("{expected}/")))
    };
    let (sign, difference) = match expected {
        None => (None, None),
        Some(expected) if fits(expected) && !is_refused => (Some(Sign::Done), None),
        Some(expected) => {
            let sign = if is_refused {
                Sign::Failed
            } else {
                Sign::Warning
            };
            (Some(sign), Some(Difference::between(expected, &text)))
        }
    };
    Compared {
        label,
        sign,
        found: text,
        difference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERN: &str =
        r"^https://github\.com/acme/rocket/\.github/workflows/docker\.yml@refs/(heads|tags)/";

    #[test]
    fn a_pattern_stands_below_the_text_up_to_the_first_difference() {
        for (found, common, expected) in [
            (
                "https://github.com/acme/rocket/.github/workflows/evil.yml@refs/heads/main",
                "https://github.com/acme/rocket/.github/workflows/",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/(heads|tags)/…",
            ),
            (
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/pull/7",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/(heads|tags)/…",
            ),
            (
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/tags",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/tags",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/tags/…",
            ),
            (
                "https://githubxcom/",
                "https://github",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/(heads|tags)/…",
            ),
            (
                "mallory@example.com",
                "",
                "https://github.com/acme/rocket/.github/workflows/docker.yml@refs/(heads|tags)/…",
            ),
        ] {
            let difference = Difference::from_pattern(PATTERN, found);
            assert_eq!(difference.at, common.len(), "{found}");
            assert_eq!(difference.expected, expected);
        }
        // What cannot be followed is given up, and never said to differ too early or to fit.
        let difference = Difference::from_pattern("^ab+c", "abbd");
        assert_eq!((difference.at, difference.expected.as_str()), (1, "ab+c…"));
    }

    #[test]
    fn texts_differ_where_their_first_letters_do() {
        let difference = Difference::between("e\u{301}ab", "e\u{301}ac");
        assert_eq!(difference.at, 2);
        assert_eq!(Difference::between("same", "same, and more").at, 4);
    }
}
