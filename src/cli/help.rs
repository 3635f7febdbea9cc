//! Help by groups, and the manual page.

use std::fmt::Write as _;
use std::io;

use clap::CommandFactory as _;

use super::args::Cli;

/// The commands by what a person wants; a test holds that each is in one group.
const GROUPS: &[(&str, &[&str])] = &[
    ("Watch", &["status", "watch", "runs", "graph"]),
    ("Decide", &["check", "verify", "approve", "reject"]),
    ("Run control", &["rerun", "cancel", "dispatch"]),
    (
        "Act on the registry",
        &["promote", "rollback", "cleanup", "journal"],
    ),
    ("Rehearse", &["sim"]),
    ("Set up", &["config", "trust", "completions", "man"]),
];

const EXAMPLES: &str = "\
Examples:
  gonogo sim                       look around on the built-in simulator
  gonogo                           the cockpit for this checkout's release
  gonogo status --json             one snapshot, for a script
  gonogo watch --run 31043990930   follow this run to its end
  gonogo graph release.yml         the jobs of a workflow file, without any network
  gonogo verify acme/rocket:1.6.9  the signature and attestations of an image
  gonogo approve --dry-run         what an approval would let go, and what it asks before
  gonogo rollback --yes 1.6.9      put the release tags back to what they were
  gonogo journal                   what was done from here, and what is unfinished
  gonogo config show --origin      what is configured, and where

Exit status: 0 done, 1 refused or failed, 2 cannot tell, 3 stopped half-way,
64 wrong use, 78 missing or bad configuration.";

/// The whole command line, with its help.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let width = GROUPS
        .iter()
        .flat_map(|(_, names)| names.iter())
        .map(|name| name.len())
        .max()
        .unwrap_or_default();
    let mut groups = String::new();
    for (title, names) in GROUPS {
        // Writing into a String cannot fail.
        let _ = writeln!(groups, "{title}:");
        for name in *names {
            let about = command
                .find_subcommand(name)
                .and_then(clap::Command::get_about)
                .map(ToString::to_string)
                .unwrap_or_default();
            let _ = writeln!(groups, "  {name:width$}  {about}");
        }
        groups.push('\n');
    }
    command
        .help_template(format!(
            "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{groups}Global options:\n{{options}}{{after-help}}"
        ))
        .after_help(EXAMPLES)
}

/// Writes the manual page: the program, then each command with its options.
pub fn man(out: &mut impl io::Write) -> io::Result<()> {
    let command = command();
    let page = clap_mangen::Man::new(command.clone());
    page.render(out)?;
    for sub in command.get_subcommands() {
        let name = format!("gonogo {}", sub.get_name());
        writeln!(out, ".SH \"{}\"", name.to_uppercase())?;
        let page = clap_mangen::Man::new(sub.clone().bin_name(name));
        page.render_synopsis_section(out)?;
        page.render_description_section(out)?;
        if sub.get_arguments().next().is_some() {
            page.render_options_section(out)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_command_is_in_one_group() {
        command().debug_assert();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| *names)
            .copied()
            .collect();
        let command = command();
        let mut all: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }
}
