//! `quintet send`: one upload for each file, told as they go and as they end.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use quintet::{
    Engine, Event, EventKind, FilePart, Outcome, Retry, RetryCause, Settings, UploadRequest,
};
use quintet_options::Include;

use crate::args::Send;
use crate::board::{Board, News};
use crate::calls::{self, is_https};
use crate::content::Content;
use crate::dry_run;
use crate::exit::Exit;
use crate::form::Item;
use crate::interrupt::Interrupt;
use crate::messages::{one_line, tell};
use crate::output::{Results, failure, phases, status_line, throughput};
use crate::progress::View;
use crate::source::{listed, source};
use crate::tally::Tally;
use crate::transport;
use crate::units::{Time, millis};

/// The bars move at least so often.
const TICK: Duration = Duration::from_millis(200);

pub(crate) fn run(args: &Send) -> io::Result<Exit> {
    let mut jobs = jobs(args)?;
    // The engine learns of one after the other, and would give its first slots to whoever comes first.
    jobs.sort_by_key(|job| Reverse(job.priority));
    let https = jobs.iter().any(|job| job.is_https);
    let engine = Engine::builder(transport::of(&args.way, https)?)
        .settings(settings(args))
        .start()?;
    let ended = match args.dry_run {
        true => preview(args, jobs, &engine),
        false => upload(args, jobs, &engine),
    };
    // Whatever stopped us: nothing goes on behind our back.
    engine.shutdown();
    ended
}

fn settings(args: &Send) -> Settings {
    let mut settings = Settings::default();
    settings.active_max = args.jobs;
    settings.connect_timeout = args.connect_timeout.0;
    settings.stall_timeout = args.stall_timeout.0;
    settings.redirects = args.redirects.into();
    settings.rate_max = args.limit_rate.map_or(0, |rate| rate.0);
    settings.expect_continue_above = args.expect100_above.map(|above| above.0);
    // Whoever names a number means that number, for each file.
    settings.retry_reserve = u32::MAX;
    settings.limits.body_bytes_max = args.max_response.0;
    settings.file_bytes_max = args.max_file.map(|size| size.0);
    settings
}

/// One request: what it is called, how much that is as far as it is known, and what it asks for.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) is_https: bool,
    pub(crate) priority: i8,
    /// What its result tells as JSON beyond the base.
    pub(crate) include: Include,
    pub(crate) request: UploadRequest,
}

fn jobs(args: &Send) -> io::Result<Vec<Job>> {
    if let Some(options) = &args.options {
        return calls::jobs(options);
    }
    let mut files = Vec::new();
    for (file, priority) in args.files.iter().zip(&args.priorities) {
        let listed = listed(file)?;
        files.extend(listed.into_iter().map(|file| (file, *priority)));
    }
    let of_items = args.content.items.iter().filter_map(Item::path);
    // What -F takes from there is wanted by every request.
    let from_items = of_items.clone().filter(|path| is_stdin(path)).count();
    let named = files.iter().filter(|(file, _)| is_stdin(file)).count();
    if named + from_items * files.len().max(1) > 1 {
        return Err(io::Error::other("standard input (-) can be sent only once"));
    }
    if !files.is_empty() {
        let jobs = files.iter();
        return jobs
            .map(|(file, priority)| job(args, Some(file), *priority))
            .collect();
    }
    // An empty list is no request.
    match args.files.is_empty() {
        true => Ok(vec![job(args, None, 0)?]),
        false => Ok(Vec::new()),
    }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn job(args: &Send, file: Option<&Path>, priority: i8) -> io::Result<Job> {
    let url = args.url.as_deref().unwrap_or_default();
    let mut request = match file {
        Some(file) if args.content.raw => UploadRequest::raw(url, source(file, args.spool)),
        Some(file) if !is_stdin(file) => UploadRequest::new(url, file, args.content.name.as_str()),
        _ => UploadRequest::form(url),
    };
    // Standard input is no path: it is a file of the form like others, before the first of those.
    let stdin = file
        .filter(|file| is_stdin(file) && !args.content.raw)
        .map(|file| stdin_part(args, file));
    request = with_items(request, &args.content.items, stdin, args.spool)?;
    let is_part = file.is_some_and(is_stdin) && !args.content.raw;
    if let Some((offset, length)) = args.range.filter(|_| !is_part) {
        request = request.range(offset, length);
    }
    request = with_headers(request, &args.content);
    let request = request
        .method(args.content.method.into())
        .priority(priority)
        .file_name(args.content.file_name.clone().unwrap_or_default())
        .mime_type(args.content.mime_type.clone().unwrap_or_default())
        .timeout(args.timeout.map(|time| time.0).unwrap_or_default());
    let request = match args.retry {
        0 => request,
        _ => request.retry(retry(args)),
    };
    let (name, size) = match file {
        Some(file) => name_and_size(file),
        None => ("form".into(), 0),
    };
    Ok(Job {
        name,
        size,
        is_https: is_https(url),
        priority,
        include: Include::default(),
        request,
    })
}

/// Adds these fields and files, in their order, and before the first of the files the part that is no path.
pub(crate) fn with_items(
    mut request: UploadRequest,
    items: &[Item],
    mut part: Option<FilePart>,
    spool: bool,
) -> io::Result<UploadRequest> {
    for item in items {
        if matches!(item, Item::File(_))
            && let Some(part) = part.take()
        {
            request = request.file(part);
        }
        request = item.add_to(request, spool)?;
    }
    Ok(match part {
        Some(part) => request.file(part),
        None => request,
    })
}

pub(crate) fn with_headers(mut request: UploadRequest, content: &Content) -> UploadRequest {
    for (name, value) in &content.headers {
        request = request.header(name, value);
    }
    request
}

fn retry(args: &Send) -> Retry {
    let mut retry = Retry::default();
    (retry.retries_max, retry.retries_total_max) = (args.retry, args.retry);
    if let Some(Time(delay)) = args.retry_delay {
        (retry.delay_min, retry.delay_max) = (delay, delay);
    }
    retry.time_max = args.retry_max_time.map(|time| time.0);
    retry
}

fn stdin_part(args: &Send, file: &Path) -> FilePart {
    let part = FilePart::new(args.content.name.as_str(), source(file, args.spool))
        .file_name(args.content.file_name.as_deref().unwrap_or("-"))
        .mime_type(args.content.mime_type.clone().unwrap_or_default());
    match args.range {
        Some((offset, length)) => part.range(offset, length),
        None => part,
    }
}

fn preview(args: &Send, jobs: Vec<Job>, engine: &Engine) -> io::Result<Exit> {
    let mut exit = Exit::Ok;
    let mut out = io::stdout().lock();
    for Job { name, request, .. } in jobs {
        match engine.preview(request) {
            Ok(preview) => {
                if args.verbose {
                    ignored(&preview.ignored_headers);
                }
                dry_run::print(&mut out, &name, preview)?;
            }
            Err(error) => {
                exit = Exit::Failed;
                if !args.quiet {
                    tell(&failure(&name, &error, None));
                }
            }
        }
    }
    out.flush()?;
    Ok(exit)
}

fn upload(args: &Send, jobs: Vec<Job>, engine: &Engine) -> io::Result<Exit> {
    let board = Board::new(match (args.quiet, args.verbose) {
        (true, _) => |_| None,
        (_, true) => everything,
        (false, false) => waiting,
    });
    let interrupt = Interrupt::install(&board)?;
    let files: Vec<_> = jobs
        .iter()
        .map(|job| (job.name.clone(), job.size))
        .collect();
    let includes = jobs.iter().map(|job| job.include).collect();
    let view = match args.quiet {
        true => View::Nothing,
        false => View::new(&files),
    };
    let began = Instant::now();
    for (index, job) in jobs.into_iter().enumerate() {
        let task = engine.upload(job.request.listener(board.listener(index)));
        // The headers are the same for all, but those of options.
        if args.verbose && (index == 0 || args.options.is_some()) {
            view.aside(|| ignored(task.ignored_headers()));
        }
        interrupt.covers(task);
    }
    let results = Results {
        json: args.json,
        several: files.len() > 1,
    };
    let mut run = Run {
        args,
        files,
        includes,
        view,
        results,
        tally: Tally::default(),
    };
    run.until_all_ended(&board)?;
    run.view.end();
    run.sum_up(began.elapsed());
    Ok(run.tally.exit(args.fail))
}

/// What the total bar starts from; a file that is not there has its say as an outcome.
pub(crate) fn name_and_size(file: &Path) -> (String, u64) {
    let size = fs::metadata(file).map_or(0, |metadata| metadata.len());
    (file.to_string_lossy().into_owned(), size)
}

fn ignored(headers: &[String]) {
    for header in headers {
        tell(&format!(
            "* header {header} is ignored: the engine sets what frames, routes and traces a request"
        ));
    }
}

/// The uploads under way.
struct Run<'a> {
    args: &'a Send,
    files: Vec<(String, u64)>,
    includes: Vec<Include>,
    view: View,
    results: Results,
    tally: Tally,
}

impl Run<'_> {
    fn until_all_ended(&mut self, board: &Board) -> io::Result<()> {
        while self.tally.ended < self.files.len() {
            for news in board.read(TICK) {
                self.told(news)?;
            }
            self.view.tick();
        }
        Ok(())
    }

    fn told(&mut self, news: News) -> io::Result<()> {
        let quiet = self.args.quiet;
        match news {
            News::Moved(file, moved) => self.view.moved(file, moved),
            News::Note(file, text) => {
                let line = format!("{}: {text}", one_line(&self.files[file].0));
                self.view.aside(|| tell(&line));
            }
            News::Interrupted if quiet => {}
            News::Interrupted => self.view.aside(|| {
                tell("quintet: aborting; Ctrl-C again leaves at once");
            }),
            News::Ended(file, outcome) => {
                self.tally.count(&outcome);
                let (name, include) = (&self.files[file].0, self.includes[file]);
                let told = self.args;
                self.view.aside(|| {
                    told_end(told, name, &outcome);
                    self.results.print(name, include, &outcome)
                })?;
            }
        }
        Ok(())
    }

    fn sum_up(&self, took: Duration) {
        let Tally {
            ended,
            answered,
            sent,
            ..
        } = self.tally;
        if self.args.quiet {
            return;
        }
        if self.tally.aborted() > 0 {
            tell(&format!(
                "quintet: aborted: {answered} answered, {} stopped midway, {} never begun, {} failed",
                self.tally.stopped, self.tally.never_begun, self.tally.failed
            ));
        } else if ended > 1 {
            tell(&format!(
                "{ended} files: {answered} answered, {} failed; {}",
                self.tally.failed,
                throughput(sent, took)
            ));
        }
    }
}

/// What stderr is told of an end.
fn told_end(args: &Send, name: &str, outcome: &Outcome) {
    if args.verbose {
        let name = one_line(name);
        tell(&format!("{name}: {}", phases(&outcome.timings)));
        let (sent, total) = (outcome.bytes_sent, outcome.bytes_total);
        tell(&format!(
            "{name}: {sent} of {total} bytes sent; attempts {}; trace {}",
            outcome.attempts, outcome.trace
        ));
    }
    match &outcome.result {
        _ if args.quiet => {}
        Err(error) => tell(&failure(name, error, Some(outcome))),
        Ok(response) if args.fail && response.status >= 400 => {
            tell(&format!(
                "quintet: {name}: the server answered {}",
                status_line(response)
            ));
        }
        Ok(_) => {}
    }
}

/// Without `-v`: only that a file waits, for its turn or for another attempt.
fn waiting(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Queued { position } => Some(format!("waits for its turn, {position} before it")),
        EventKind::Retrying {
            attempt,
            after,
            because,
        } => {
            let why = match because {
                RetryCause::Status(status) => format!("the server answered {status}"),
                RetryCause::Failure(error) => error.to_string(),
                _ => "it failed".into(),
            };
            Some(format!("{why}; attempt {attempt} in {}", millis(*after)))
        }
        _ => None,
    }
}

/// With `-v`: what happens, as it happens.
fn everything(event: &Event) -> Option<String> {
    Some(match &event.kind {
        EventKind::Queued { .. } | EventKind::Retrying { .. } => return waiting(event),
        EventKind::Admitted => "its turn".into(),
        EventKind::Started { reused: true } => "over a connection kept from before".into(),
        EventKind::Connected => "connected".into(),
        EventKind::Secured => "secured by TLS".into(),
        EventKind::HeadSent { peer: Some(peer) } => format!("request head sent to {peer}"),
        EventKind::HeadSent { peer: None } => "request head sent".into(),
        EventKind::BodySent { whole: false } => {
            "the server answered before the end: the rest of the body is not sent".into()
        }
        EventKind::Redirected { status, new_origin } => {
            let to = if *new_origin {
                "another origin"
            } else {
                "the same origin"
            };
            format!("redirected by {status} to {to}")
        }
        EventKind::HeadersReceived { status, headers } => {
            let mut text = format!("answered with {status}");
            for (name, value) in headers.iter() {
                text += &format!("\n< {name}: {}", String::from_utf8_lossy(value));
            }
            text
        }
        _ => return None,
    })
}
