//! The arguments: from this one definition come parsing, help, completions and the man page.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use quintet::{Redirects, Settings};
use quintet_quickjs::ShellSettings;
use quintet_receiver::Think;

use crate::bench::args::Bench;
use crate::content::{Content, in_order};
use crate::discard;
use crate::exit;
use crate::form::FORM_HELP;
use crate::proxies::PROXY_HELP;
use crate::units::{self, SIZE_HELP, Size, TIME_HELP, Time, write_value};
use crate::way::Way;

/// Uploads files as multipart/form-data over HTTP/1.1, a few at a time.
#[derive(Debug, Parser)]
#[command(name = "quintet", version, after_help = exit::TABLE, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send files to a server, each in a request of its own, or several in one form.
    ///
    /// Every FILE makes a request, and what -F and --field say is in each of them, in the order of the arguments: fields
    /// before the FILE, and after it from the first file of a -F on. Without a FILE there is one request of these alone.
    ///
    /// One request: the body of the answer goes to stdout as it came. Several: one line for each as it ends. What goes
    /// wrong, and how it goes on, is told on stderr.
    #[command(after_help = send_after_help(), override_usage = SEND_USAGE)]
    Send(Box<Send>),
    /// Receive uploads, hash them, and tell what came: a server for trying things out.
    #[command(after_help = serve_after_help())]
    Serve(Box<Serve>),
    /// Put load on a server by uploading, and measure it: throughput, and the times of every phase.
    ///
    /// Each client is an engine with slots of its own. Without --rate they are closed loops: each slot begins an upload
    /// when its last one has ended. With --rate uploads begin when they are due, whatever became of those before, and
    /// what they wait for counts: response time. Service time, from the slot on, is told beside it.
    #[command(after_help = bench_after_help())]
    Bench(Box<Bench>),
    /// Show the engine at work on this machine alone: seven uploads, five at a time, over TLS.
    ///
    /// Starts a receiver on a loopback port, with a certificate made on the spot that is trusted through its root
    /// only; uploads the files; compares every SHA-256 that the receiver computed with that of the file.
    #[command(after_help = exit::TABLE)]
    Demo(Demo),
    /// Run a script that uploads: JavaScript with tt.uploadFile, wx.uploadFile, console and setTimeout.
    ///
    /// Ends when nothing is left to do. What the script prints goes to stdout, console.warn, console.error and what
    /// nobody caught to stderr.
    #[command(after_help = run_after_help())]
    Run(Box<Run>),
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the man page.
    Man {
        /// The page of this subcommand, instead of the whole program's.
        subcommand: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// Where to, http: or https:.
    #[arg(required_unless_present = "options")]
    pub(crate) url: Option<String>,
    /// What to send; - is standard input, which goes in chunks, without a length; @LIST the files that the file LIST
    /// names, one a line.
    #[arg(required_unless_present_any = ["form", "fields", "options"], value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// The call in the words of tt.uploadFile, in place of the arguments that say the same: a JSON object ({"url": …,
    /// "filePath": …, "name": …, …), or a list of them, a request each; JSON names the file that holds it, - is
    /// standard input, and what begins with { or [ is the JSON itself.
    #[arg(long, value_name = "JSON", conflicts_with_all = [
        "url", "files", "name", "form", "fields", "method", "raw", "range", "spool", "headers", "file_name", "mime_type",
        "timeout", "retry", "retry_delay", "retry_max_time", "priority",
    ])]
    pub(crate) options: Option<String>,
    #[command(flatten)]
    pub(crate) content: Content,
    /// Only LENGTH bytes of each FILE from byte OFFSET on, such as 0,64KiB. [default: all of it]
    #[arg(long, value_name = "OFFSET,LENGTH", value_parser = units::range)]
    pub(crate) range: Option<(u64, u64)>,
    /// Read standard input to its end first (1 MiB in memory, up to 16 GiB in a temporary file), so that it is sent with
    /// a length and can be sent again.
    #[arg(long)]
    pub(crate) spool: bool,
    /// Largest file that is sent. [default: none]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_file: Option<Size>,

    /// Uploads active at once; the others wait for their turn.
    #[arg(short, long, value_name = "N", value_parser = units::count,
        default_value_t = Settings::default().active_max)]
    pub(crate) jobs: usize,
    /// The turn of the FILEs that stand after it, up to the next --priority; behind the last FILE, of those that have none.
    /// A whole number from -128 to 127: higher ones go first, and among equals the order of the arguments holds.
    /// [default: 0]
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        requires = "files"
    )]
    pub(crate) priority: Vec<i8>,
    /// That of each of the `files`.
    #[arg(skip)]
    pub(crate) priorities: Vec<i8>,
    /// Longest time for one upload, from its turn to its end. [default: none]
    #[arg(long, value_name = "TIME", value_parser = units::deadline)]
    pub(crate) timeout: Option<Time>,
    /// Longest time until a connection stands, name and handshake included.
    #[arg(long, value_name = "TIME", value_parser = units::deadline,
        default_value_t = Time(Settings::default().connect_timeout))]
    pub(crate) connect_timeout: Time,
    /// Longest time without a byte either way.
    #[arg(long, value_name = "TIME", value_parser = units::deadline,
        default_value_t = Time(Settings::default().stall_timeout))]
    pub(crate) stall_timeout: Time,
    /// Most retries of each upload: where no connection comes about, it breaks or times out before an answer, or the
    /// answer is 408, 425, 429, 500, 502, 503 or 504. The server may then have a file twice. A Retry-After of up to
    /// five minutes is waited for.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retry: u32,
    /// Wait so long before each retry. [default: a random time, up to 1s, then 2s, 4s ... 60s]
    #[arg(long, value_name = "TIME")]
    pub(crate) retry_delay: Option<Time>,
    /// Begin no retry later than so long after an upload had its turn. [default: no bound]
    #[arg(long, value_name = "TIME", value_parser = units::deadline)]
    pub(crate) retry_max_time: Option<Time>,
    /// Send no more than so many bytes a second, all uploads together, such as 500K or 3M. [default: no bound]
    #[arg(long, value_name = "SIZE", value_parser = units::rate_max)]
    pub(crate) limit_rate: Option<Size>,
    /// Ask the server (Expect: 100-continue), and wait a second at most for its word, before sending a body longer than
    /// this. [default: ask nobody]
    #[arg(long, value_name = "SIZE")]
    pub(crate) expect100_above: Option<Size>,
    /// Which redirects are followed; one that is not is the answer.
    #[arg(long, value_name = "WHICH", default_value_t = Settings::default().redirects.into())]
    pub(crate) redirects: Follow,
    /// Largest body of an answer.
    #[arg(long, value_name = "SIZE",
        default_value_t = Size(Settings::default().limits.body_bytes_max))]
    pub(crate) max_response: Size,

    #[command(flatten)]
    pub(crate) way: Way,

    /// Count an answer with status 400 or more against the exit code.
    #[arg(long)]
    pub(crate) fail: bool,
    /// Print what the server would be sent, and send nothing.
    #[arg(long, conflicts_with = "json")]
    pub(crate) dry_run: bool,
    /// One JSON object for each file, on a line of its own, as it ends.
    #[arg(long)]
    pub(crate) json: bool,
    /// Tell on stderr what happens: phases and their times, peer, redirects, ignored headers.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// No progress, and no word on failures but the exit code (and --json).
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// What to run.
    pub(crate) script: PathBuf,
    /// The files of the script: ttfile://user/… is DIR/user/…, ttfile://temp/… is DIR/temp/…, and a path without a scheme
    /// is one in DIR. Nothing else can be uploaded.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) sandbox: PathBuf,
    /// Upload to this host: a name, an address, or *.NAME for what is below it; https:// before it for that scheme alone,
    /// :PORT or :* after it. Repeatable. [default: any host]
    #[arg(long = "allow-host", value_name = "PATTERN")]
    pub(crate) allow_hosts: Vec<String>,
    /// A global of the script, a string; repeatable.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_is_value)]
    pub(crate) globals: Vec<(String, String)>,
    /// Longest time of the run; then its uploads are aborted. [default: none]
    #[arg(long, value_name = "TIME", value_parser = units::deadline)]
    pub(crate) timeout: Option<Time>,
    /// Most memory of the script; beyond it, it gets an InternalError.
    #[arg(long, value_name = "SIZE",
        default_value_t = Size(ShellSettings::default().memory_bytes_max as u64))]
    pub(crate) memory: Size,
    #[command(flatten)]
    pub(crate) way: Way,
    /// What the script finds in `scriptArgs`.
    #[arg(last = true, value_name = "ARG")]
    pub(crate) arguments: Vec<String>,
}

impl Args {
    /// Those of the process. Ends it where they are wrong, or ask for help.
    pub(crate) fn read() -> Self {
        let matches = Self::command().get_matches();
        Self::of(&matches).unwrap_or_else(|error| error.exit())
    }

    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::from_arg_matches(matches)?;
        let matches = matches.subcommand().map(|(_, matches)| matches);
        if let (Command::Send(send), Some(matches)) = (&mut args.command, matches) {
            send.priorities = of_files(matches, &send.priority);
        }
        let content = match &mut args.command {
            Command::Send(send) => Some(&mut send.content),
            Command::Bench(bench) => Some(&mut bench.load.content),
            _ => None,
        };
        if let (Some(content), Some(matches)) = (content, matches) {
            content.items = in_order(matches, &content.form, &content.fields);
        }
        Ok(args)
    }
}

/// Which of the values of `--priority` each file has.
fn of_files(matches: &ArgMatches, given: &[i8]) -> Vec<i8> {
    let places = |id: &str| matches.indices_of(id).into_iter().flatten();
    let given: Vec<_> = places("priority").zip(given.iter().copied()).collect();
    let behind = given
        .last()
        .filter(|last| places("files").all(|file| file < last.0));
    let others = behind.map_or(0, |last| last.1);
    let of = |file: usize| {
        let before = given.iter().rfind(|(place, _)| *place < file);
        before.map_or(others, |before| before.1)
    };
    places("files").map(of).collect()
}

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Keep the files in this directory, instead of throwing them away once they are hashed.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Serve https: with a certificate for localhost made on the spot; its root is written to a file.
    #[arg(long, conflicts_with = "cert")]
    pub(crate) tls: bool,
    /// Serve https: with this certificate: a PEM chain, leaf first.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// The key of --cert, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// The status of every answer.
    #[arg(long, value_name = "N", default_value_t = quintet_receiver::Settings::default().status,
        value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) status: u16,
    /// Answer as soon as so many bytes of a body have come.
    #[arg(long, value_name = "SIZE")]
    pub(crate) answer_early: Option<Size>,
    /// Wait before each answer.
    #[arg(long, value_name = "TIME", default_value_t = Time(quintet_receiver::Settings::default().delay))]
    pub(crate) delay: Time,
    /// Read each connection no faster than this, such as 1MiB/s.
    #[arg(long, value_name = "SIZE/s", value_parser = units::rate)]
    pub(crate) rate: Option<Size>,
    /// Close each connection after its answer.
    #[arg(long)]
    pub(crate) close: bool,
    /// Throw bodies away, unparsed and unhashed, without a line for each: for trying a bench out.
    #[arg(long, conflicts_with = "dir")]
    pub(crate) discard: bool,
    /// Think before each answer: TIME, TIME..TIME (as likely), exp:TIME (exponential, of this mean), or
    /// TIME,TIME:PERCENT (so many percent take the second), such as 10ms,500ms:1.
    #[arg(long, value_name = "TIMES", value_parser = discard::think, requires = "discard")]
    pub(crate) think: Option<Think>,
    /// Answer nobody from so long after the start, for so long, such as 10s,2s.
    #[arg(long, value_name = "TIME,TIME", value_parser = discard::stall, requires = "discard")]
    pub(crate) stall: Option<(Duration, Duration)>,
    /// Close the connections of so many percent of the uploads in the middle of their bodies.
    #[arg(long, value_name = "PERCENT", value_parser = discard::percent, requires = "discard")]
    pub(crate) reset: Option<f64>,
    /// Answer as an HTTP/1.0 server.
    #[arg(long, requires = "discard")]
    pub(crate) http10: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Files to upload, instead of seven made for the occasion, 1 KiB to 256 MiB.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `off`, `same-origin` or `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Follow {
    /// None.
    Off,
    /// Those to the same scheme, host and port, and from http to https of the same host.
    SameOrigin,
    /// Any, but never from https to http; credentials do not go to another origin.
    Any,
}

impl From<Follow> for Redirects {
    fn from(follow: Follow) -> Self {
        match follow {
            Follow::Off => Self::Off,
            Follow::SameOrigin => Self::SameOrigin,
            Follow::Any => Self::Any,
        }
    }
}

impl From<Redirects> for Follow {
    fn from(redirects: Redirects) -> Self {
        match redirects {
            Redirects::Off => Self::Off,
            Redirects::SameOrigin => Self::SameOrigin,
            Redirects::Any => Self::Any,
        }
    }
}

impl std::fmt::Display for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_value(self, f)
    }
}

fn name_is_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a global is NAME=VALUE; the value may be empty")?;
    Ok((name.into(), value.into()))
}

const SEND_USAGE: &str = "\
quintet send [OPTIONS] <URL> [FILE]...
       quintet send [OPTIONS] --options <JSON>";

fn send_after_help() -> String {
    format!(
        "{FORM_HELP}\n\n{TIME_HELP}\n{SIZE_HELP}\n\n{PROXY_HELP}\n\n\
         Ctrl-C aborts every upload and tells what happened to each; a second one leaves at once.\n\
         NO_COLOR is honoured.\n\n{}",
        exit::TABLE
    )
}

fn run_after_help() -> String {
    format!(
        "{TIME_HELP}\n{SIZE_HELP}\n\n{PROXY_HELP}\n\n{}",
        exit::TABLE
    )
}

fn bench_after_help() -> String {
    format!(
        "{FORM_HELP}\n\n{TIME_HELP}\n{SIZE_HELP}\n\n{PROXY_HELP}\n\n\
         Ctrl-C ends it with the report of what ran; a second one leaves at once.\n\n{}",
        exit::TABLE
    )
}

fn serve_after_help() -> String {
    format!("{TIME_HELP}\n{SIZE_HELP}\n\n{}", exit::TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::Item;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn fields_and_files_keep_the_order_of_the_arguments() {
        let words =
            "quintet send http://h/ --field a=1 -F b=@x f --form c=3 --form-string d=@4 -Fe=5";
        let matches = Args::command().get_matches_from(words.split(' '));
        let Command::Send(send) = Args::of(&matches).expect("good arguments").command else {
            panic!("not send")
        };
        let name = |item: &Item| match item {
            Item::Field(name, _) | Item::FieldOf(name, _) => name.clone(),
            Item::File(item) => item.name.clone(),
        };
        let names: String = send.content.items.iter().map(name).collect();
        assert_eq!(names, "abcde");
    }

    #[test]
    fn a_priority_is_that_of_the_files_after_it_or_else_of_the_others() {
        for (words, priorities) in [
            ("a b", &[0, 0][..]),
            ("--priority 5 a b", &[5, 5]),
            ("a b --priority 5", &[5, 5]),
            ("a --priority 5 b --priority=-128 c d", &[0, 5, -128, -128]),
            ("a --priority 5 b --priority 7 c --priority 9", &[9, 5, 7]),
            ("a --priority 1 --priority 2 b", &[0, 2]),
        ] {
            let words = format!("quintet send http://h/ {words}");
            let matches = Args::command().get_matches_from(words.split(' '));
            let Command::Send(send) = Args::of(&matches).expect("good arguments").command else {
                panic!("not send")
            };
            assert_eq!(send.priorities, priorities, "{words}");
        }
    }

    #[test]
    fn defaults_are_the_engines() {
        let args = Args::parse_from(["quintet", "send", "http://h/", "f"]);
        let Command::Send(send) = args.command else {
            panic!("not send")
        };
        let engine = Settings::default();
        assert_eq!(send.jobs, engine.active_max);
        assert_eq!(send.connect_timeout.0, engine.connect_timeout);
        assert_eq!(send.stall_timeout.0, engine.stall_timeout);
        assert_eq!(Redirects::from(send.redirects), engine.redirects);
        assert_eq!(send.max_response.0, engine.limits.body_bytes_max);
    }
}
