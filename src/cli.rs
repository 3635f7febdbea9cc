//! The command line: its types, its help, and what each flag may hold.
//!
//! The composition root calls [`parse`], prints what a refused line's error says ([`sentence`]; on
//! stderr if [`exit_status`] is not 0), exits with that status, and turns [`Global`] into the
//! configuration's flags.

mod act;
mod args;
mod help;

pub use act::{
    ApproveArgs, CancelArgs, CleanupArgs, DispatchArgs, JournalCommand, OnFailure, PlanFlags,
    PromoteArgs, RerunArgs, ReviewArgs, RollbackArgs, StepsFlags,
};
pub use args::{
    CheckArgs, Cli, Color, Command, ConfigCommand, Evidence, Global, GraphArgs, GraphFormat,
    Rehearsal, SimArgs, SimMode, VerifyArgs,
};
pub use help::{command, man};

use clap::FromArgMatches as _;
use clap::error::ErrorKind;

/// The exit status that says "wrong use" (sysexits).
pub const USAGE_STATUS: u8 = 64;

/// Reads a command line, the program's name first.
///
/// The error is also how help and version are asked for: print it, and exit with [`exit_status`].
pub fn parse<I, T>(line: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString> + Clone,
{
    let matches = command().try_get_matches_from(line)?;
    let cli = Cli::from_arg_matches(&matches)?;
    cli.check()
        .map_err(|sentence| command().error(ErrorKind::ArgumentConflict, sentence))?;
    Ok(cli)
}

/// The exit status of a line that did not parse: 0 where help or the version was asked for.
pub fn exit_status(error: &clap::Error) -> u8 {
    if error.use_stderr() { USAGE_STATUS } else { 0 }
}

/// What a line that did not parse is answered with: help, the version, or what is wrong.
///
/// Whatever the line held, nothing in it moves the terminal.
pub fn sentence(error: &clap::Error) -> String {
    error
        .render()
        .to_string()
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// Writes the completions for a shell.
pub fn completions(shell: clap_complete::Shell, out: &mut impl std::io::Write) {
    clap_complete::generate(shell, &mut command(), "gonogo", out);
}
