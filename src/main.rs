//! The `gonogo` program: parse, run, map the outcome to an exit status.

fn main() -> std::process::ExitCode {
    gonogo::run::program(std::env::args_os())
}
