//! `launchcheck man`: manual pages, made from the command line itself.

use std::path::Path;

use clap::CommandFactory;

use super::{Failure, arguments::Arguments};

/// The page of the program, in roff.
pub(super) fn text() -> Result<String, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut page)
        .map_err(|why| Failure::Write { what: "the manual page".to_owned(), why })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Writes the page of the program and one of each command into a folder.
pub(super) fn write(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .map_err(|why| Failure::Write { what: format!("manual pages to `{}`", folder.display()), why })
}
