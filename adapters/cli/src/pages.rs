//! What is made from the definition of the arguments: completions and man pages.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Args;
use crate::exit::Exit;

pub(crate) fn completions(shell: Shell) -> io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "quintet", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Ok)
}

pub(crate) fn man(subcommand: Option<&str>) -> io::Result<Exit> {
    let mut command = Args::command();
    command.build();
    let command = match subcommand {
        None => command,
        Some(name) => {
            let found = command.find_subcommand(name).cloned();
            let unknown = || io::Error::other(format!("there is no subcommand `{name}`"));
            found.ok_or_else(unknown)?
        }
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Exit::Ok)
}
