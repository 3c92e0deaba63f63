//! The settings of an engine: one row for each, in one table.

use quintet::{LocalFiles, Redirects, Rules, Settings};
use quintet_options::{Include, Value};
use quintet_proxy::{NoProxy, Proxy};

use crate::reader::{Row, Wrong, count, millis, object, parsed, size, text, texts, truth};
use crate::transport::{TLS, Tls};

/// What an engine is made of.
pub(crate) struct Given {
    pub(crate) settings: Settings,
    pub(crate) rules: Rules,
    pub(crate) files: LocalFiles,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) no_proxy: NoProxy,
    pub(crate) tls: Tls,
    pub(crate) include: Include,
}

/// Reads the settings; the first mistake, its place in the object before it.
pub(crate) fn read(value: &Value) -> Result<Given, Wrong> {
    let mut given = Given {
        settings: Settings::default(),
        rules: Rules::new(),
        files: LocalFiles::anywhere(),
        proxy: None,
        no_proxy: NoProxy::default(),
        tls: Tls::default(),
        include: Include::default(),
    };
    if *value != Value::Undefined {
        object(&mut given, value, ROWS)?;
    }
    Ok(given)
}

const ROWS: &[Row<Given>] = &[
    ("activeMax", |given, value| {
        given.settings.active_max = size(value)?;
        Ok(())
    }),
    ("activePerHostMax", |given, value| {
        given.settings.active_per_host_max = Some(size(value)?);
        Ok(())
    }),
    ("queueMax", |given, value| {
        given.settings.queue_max = size(value)?;
        Ok(())
    }),
    ("timeouts", |given, value| {
        object(&mut given.settings, value, TIMEOUTS)
    }),
    ("progressInterval", |given, value| {
        given.settings.progress_interval = millis(value)?;
        Ok(())
    }),
    ("redirects", |given, value| {
        given.settings.redirects = redirects(value)?;
        Ok(())
    }),
    ("rateMax", |given, value| {
        given.settings.rate_max = count(value)?;
        Ok(())
    }),
    ("fileBytesMax", |given, value| {
        given.settings.file_bytes_max = Some(count(value)?);
        Ok(())
    }),
    ("responseBytesMax", |given, value| {
        given.settings.limits.body_bytes_max = count(value)?;
        Ok(())
    }),
    ("idleMax", |given, value| {
        given.settings.idle_max = size(value)?;
        Ok(())
    }),
    ("userAgent", |given, value| {
        given.settings.user_agent = text(value)?.into();
        Ok(())
    }),
    ("allowHosts", |given, value| {
        for pattern in texts(value)? {
            let rules = given.rules.clone().domain(pattern);
            given.rules = rules.map_err(|error| error.to_string())?;
        }
        Ok(())
    }),
    ("httpsOnly", |given, value| {
        if truth(value)? {
            given.rules = given.rules.clone().https_only();
        }
        Ok(())
    }),
    ("publicAddressesOnly", |given, value| {
        if truth(value)? {
            given.rules = given.rules.clone().public_addresses_only();
        }
        Ok(())
    }),
    ("root", |given, value| {
        given.files = LocalFiles::beneath(text(value)?);
        Ok(())
    }),
    ("proxy", |given, value| {
        given.proxy = Some(parsed(value)?);
        Ok(())
    }),
    ("noProxy", |given, value| {
        given.no_proxy = parsed(value)?;
        Ok(())
    }),
    ("tls", |given, value| object(&mut given.tls, value, TLS)),
    ("include", |given, value| {
        object(&mut given.include, value, INCLUDE)
    }),
];

const TIMEOUTS: &[Row<Settings>] = &[
    ("connect", |settings, value| {
        settings.connect_timeout = millis(value)?;
        Ok(())
    }),
    ("stall", |settings, value| {
        settings.stall_timeout = millis(value)?;
        Ok(())
    }),
    ("response", |settings, value| {
        settings.response_timeout = Some(millis(value)?);
        Ok(())
    }),
    ("responseHead", |settings, value| {
        settings.response_head_timeout = millis(value)?;
        Ok(())
    }),
    ("idle", |settings, value| {
        settings.idle_timeout = millis(value)?;
        Ok(())
    }),
];

const INCLUDE: &[Row<Include>] = &[
    ("header", |include, value| {
        include.header = truth(value)?;
        Ok(())
    }),
    ("cookies", |include, value| {
        include.cookies = truth(value)?;
        Ok(())
    }),
    ("profile", |include, value| {
        include.profile = truth(value)?;
        Ok(())
    }),
];

fn redirects(value: &Value) -> Result<Redirects, Wrong> {
    match value {
        Value::String(text) if text == "off" => Ok(Redirects::Off),
        Value::String(text) if text == "same-origin" => Ok(Redirects::SameOrigin),
        Value::String(text) if text == "any" => Ok(Redirects::Any),
        _ => Err("must be \"off\", \"same-origin\" or \"any\"".into()),
    }
}
