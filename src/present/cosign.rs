//! The commands that a user of an image would run to prove it.

use crate::domain::artifact::Platform;
use crate::domain::digest::Digest;
use crate::domain::evidence::cosign::{self, type_name};
use crate::domain::evidence::{
    Form, Item, ItemVerdict, Recipe, Subject, SubjectReport, Verification,
};

/// The commands for an image of this repository: its signature, its provenance, and the SBOM of one platform or of
/// all; only what the recipe asks for. Each is one line for a POSIX shell, fit for cosign 2.6 and 3.1.
pub fn cosign_commands(
    repository: &str,
    recipe: &Recipe,
    found: &Verification,
    platform: Option<&Platform>,
) -> Vec<String> {
    let of_digest = |digest: &Digest| format!("{repository}@{digest}");
    let mut commands = Vec::new();
    if recipe.requires(Subject::Signature) {
        let words = verify(&["verify"], recipe, found, &found.digest, &found.signature);
        commands.push(line(words, &of_digest(&found.digest)));
    }
    if recipe.requires(Subject::Provenance) {
        let kind = found.provenance.predicate_type();
        let kind = type_name(kind.unwrap_or(Recipe::SLSA_V02));
        let words = ["verify-attestation", "--type", kind];
        let words = verify(&words, recipe, found, &found.digest, &found.provenance);
        commands.push(line(words, &of_digest(&found.digest)));
    }
    let asked_for = recipe.sbom_types.first().map_or(Recipe::SPDX, |kind| kind);
    let platforms = found
        .sboms
        .iter()
        .filter(|report| platform.is_none_or(|platform| report.platform == *platform))
        .filter(|_| recipe.requires(Subject::Sbom));
    for report in platforms {
        let accepted = |kind: &&str| recipe.accepts_sbom(kind);
        let kind = report.report.predicate_type().filter(accepted);
        let kind = type_name(kind.unwrap_or(asked_for));
        let words = ["verify-attestation", "--type", kind];
        let words = verify(&words, recipe, found, &report.digest, &report.report);
        commands.push(line(words, &of_digest(&report.digest)));
    }
    commands
}

fn verify(
    command: &[&str],
    recipe: &Recipe,
    found: &Verification,
    digest: &Digest,
    report: &SubjectReport,
) -> Vec<String> {
    let mut words = vec!["cosign".to_owned()];
    words.extend(command.iter().map(|word| (*word).to_owned()));
    let is_valid = |item: &&Item| item.verdict == ItemVerdict::Valid;
    let is_timeless = |item: &Item| item.checks.form == Form::TimelessBundle;
    let has_bundles = cosign::pieces(found, digest)
        .iter()
        .any(|item| matches!(item.checks.form, Form::Bundle | Form::TimelessBundle));
    let mut valid = report.items.iter().filter(is_valid).peekable();
    // A log without times of its own: cosign 3.1 sees that, 2.6 must be told.
    if has_bundles && valid.peek().is_some() && valid.all(is_timeless) {
        words.push("--use-signed-timestamps".to_owned());
    }
    words.push(format!("--certificate-oidc-issuer={}", recipe.issuer));
    words.push(format!(
        "--certificate-identity-regexp={}",
        anchored(recipe.identity.as_str())
    ));
    if let Some(repository) = &recipe.repository {
        words.push(format!(
            "--certificate-github-workflow-repository={repository}"
        ));
    }
    words
}

/// The pattern, held at its start: cosign looks for it anywhere.
fn anchored(pattern: &str) -> String {
    if pattern.starts_with('^') && !has_choice(pattern) {
        pattern.to_owned()
    } else {
        format!("^(?:{pattern})")
    }
}

/// Whether a pattern is a choice as a whole, so that a `^` in front holds one branch alone.
fn has_choice(pattern: &str) -> bool {
    let (mut depth, mut is_class) = (0_usize, false);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => is_class = true,
            ']' => is_class = false,
            '(' if !is_class => depth += 1,
            ')' if !is_class => depth = depth.saturating_sub(1),
            '|' if !is_class && depth == 0 => return true,
            _ => {}
        }
    }
    false
}

/// One line for a shell, in which nothing but plain words is left for it to read.
fn line(mut words: Vec<String>, reference: &str) -> String {
    words.push(reference.to_owned());
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    quoted.join(" ")
}

/// A word in single quotes where it needs any, as a person would write it; a shell cannot be given a NUL at all.
fn quoted(word: &str) -> String {
    let word = word.replace('\0', "");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_held_at_its_start_as_a_whole() {
        for (pattern, held) in [
            ("^https://x/(a|b)@", "^https://x/(a|b)@"),
            ("https://x/", "^(?:https://x/)"),
            ("^a|b", "^(?:^a|b)"),
            (r"^a\|b[|(]c", r"^a\|b[|(]c"),
        ] {
            assert_eq!(anchored(pattern), held);
        }
    }

    #[test]
    fn a_shell_reads_each_word_as_it_is() {
        for word in [
            "a'b",
            "$(touch x)",
            "`id`; rm",
            "^a\\.b$ c",
            "\"\n",
            "",
            "é",
        ] {
            let read = shlex::split(&quoted(word)).unwrap();
            assert_eq!(read, [word], "{word:?}");
        }
    }
}
