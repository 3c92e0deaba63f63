//! The smallest program with a JavaScript shell and TLS, by ring: its script uploads one file.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what this program does")]

mod common;

use std::error::Error;

use quintet::Engine;
use quintet_quickjs::{Api, Shell, ShellSettings};
use quintet_tcp::TcpConnect;
use quintet_tls::{TlsConnect, TlsSettings};

const SCRIPT: &str = "
    const [url, filePath] = scriptArgs;
    const told = (res) => console.log(res.statusCode ?? res.errMsg);
    tt.uploadFile({ url, filePath, name: 'file', complete: told });
";

fn main() -> Result<(), Box<dyn Error>> {
    let (url, file, root) = common::arguments()?;
    let mut tls = TlsSettings::webpki_roots();
    if let Some(root) = root {
        tls = tls.add_root_pem(&std::fs::read(root)?)?;
    }
    let transport = TlsConnect::new(TcpConnect::new(), tls)?;
    let engine = Engine::start(transport)?;
    let mut settings = ShellSettings::default();
    settings.print = Box::new(|_, line| println!("{line}"));
    let mut shell = Shell::new(settings)?;
    shell.open(Api::tt(engine))?;
    let context = shell.context();
    context.with(|ctx| ctx.globals().set("scriptArgs", vec![url, file]))?;
    shell.run("script.js", SCRIPT);
    Ok(())
}
