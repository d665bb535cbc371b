//! The executable: hands the arguments over and leaves with the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(launchcheck::cli::main())
}
