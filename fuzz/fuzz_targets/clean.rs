//! Any text on its way to a terminal, a log pane or a shell: nothing that either would obey.
#![no_main]

use gonogo::present::clean::{clean, coloured, shell_quoted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let shown = clean(text);
    assert!(is_harmless(&shown), "{shown:?}");
    assert_eq!(clean(&shown), shown, "what is clean stays as it is");
    let pieces: String = coloured(text).into_iter().map(|piece| piece.text).collect();
    assert_eq!(pieces, shown);
    let quoted = shell_quoted(text);
    assert!(is_harmless(&quoted));
    assert_eq!(unquoted(&quoted), shown, "one word, the same");
});

fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// What a POSIX shell makes of a word; a space or a sign of the shell's outside quotes would end it.
fn unquoted(word: &str) -> String {
    let mut out = String::new();
    let mut is_quoted = false;
    let mut rest = word.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '\\' if !is_quoted => out.extend(rest.next()),
            _ => {
                assert!(
                    is_quoted || !" $`\"&;|<>()*?[]#~!{}\n\t".contains(c),
                    "{word}"
                );
                out.push(c);
            }
        }
    }
    assert!(!is_quoted, "{word}");
    out
}
