//! The executable: hands the arguments over and leaves with the exit code.

use std::process::ExitCode;

/// A large tree makes millions of small values, in several threads: the system's allocator took a sixth of the run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(launchcheck::cli::main())
}
