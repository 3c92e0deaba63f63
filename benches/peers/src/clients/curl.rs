//! The program curl, if it is installed: one process for the whole job, its transfers in one configuration file.

use std::fmt::Write;
use std::process::Command;

use crate::Result;
use crate::clients::{Client, Program, everything};
use crate::form::{FIELD, FILE};
use crate::job::Job;

pub(crate) const CLIENT: Client = Client {
    name: "curl",
    what: "the installed program, --parallel",
    packages: &[],
    fits: everything,
    program: Program::Installed {
        name: "curl",
        command,
    },
};

fn command(job: &Job) -> Result<Command> {
    let (url, (key, value)) = (job.url(), FIELD);
    let mut config = String::new();
    for index in 0..job.uploads {
        if index > 0 {
            config.push_str("next\n");
        }
        let file = job.file(index).display();
        write!(
            config,
            "url = \"{url}\"\nform = \"{key}={value}\"\nform = \"{FILE}=@{file}\"\n\
             output = \"/dev/null\"\nwrite-out = \"%{{http_code}} %{{time_total}}\\n\"\n"
        )?;
        if let Some(root) = &job.root {
            writeln!(config, "cacert = \"{}\"", root.display())?;
        }
        if job.fresh {
            config.push_str("header = \"Connection: close\"\n");
        }
    }
    // Beside the files, where the bench cleans up.
    let path = job.file(0).with_file_name("curl.config");
    std::fs::write(&path, config)?;
    let mut command = Command::new("curl");
    // First of all: no configuration of the user's.
    command.args(["--disable", "--silent", "--show-error"]);
    if job.workers > 1 {
        command.args(["--parallel", "--parallel-immediate", "--parallel-max"]);
        command.arg(job.workers.to_string());
    }
    command.arg("--config").arg(path);
    Ok(command)
}
