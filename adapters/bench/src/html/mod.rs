//! The report as one page that needs nothing besides: no network, no script, light and dark, a phone or a wide screen.

mod chart;
mod charts;
mod tables;

use std::fmt::Write;

use crate::report::Report;
use crate::report::text::{size, time};

const STYLE: &str = include_str!("style.css");

impl Report {
    /// The page. Each figure in it carries its path in the JSON (`data-key`) and its value there (`data-value`).
    pub fn to_html(&self) -> String {
        let mut body = String::new();
        self.title(&mut body);
        self.cautions(&mut body);
        charts::of(self, &mut body);
        tables::of(self, &mut body);
        page(
            &format!("quintet bench: {}", self.settings.url),
            &body,
            &self.to_json(),
        )
    }

    fn title(&self, body: &mut String) {
        let settings = &self.settings;
        let _ = writeln!(body, "<h1>quintet bench of {}</h1>", escaped(&settings.url));
        let load = match (settings.rate_per_s, &settings.arrivals) {
            (Some(rate), Some(arrivals)) => {
                format!("open loop, {rate} uploads a second ({arrivals})")
            }
            _ => "closed loop".into(),
        };
        let (clients, slots) = (settings.clients, settings.slots);
        let _ = writeln!(
            body,
            "<p class=quiet>{load}, {clients} × {slots} slots, {:.1} s measured, begun {} UTC</p>",
            self.rate.measured_s,
            // To the second, and in UTC.
            escaped(self.started_at.split('.').next().unwrap_or_default())
        );
        body.push_str("<ul class=cards>\n");
        let mut card = |what: &str, key: &str, value: f64, text: String| {
            let figure = figure("b", key, value, &text);
            let _ = writeln!(body, "<li>{what}{figure}</li>");
        };
        let rate = &self.rate;
        let each = |rate: f64| format!("{rate:.2}/s");
        let achieved = rate.achieved_per_s;
        card("achieved", "rate.achieved_per_s", achieved, each(achieved));
        if let Some(intended) = rate.intended_per_s {
            card("intended", "rate.intended_per_s", intended, each(intended));
        }
        let sent = rate.sent_bytes_per_s;
        card(
            "body bytes",
            "rate.sent_bytes_per_s",
            sent,
            size(sent) + "/s",
        );
        for (name, what) in [("response", "response time"), ("service", "service time")] {
            let Some(latency) = self.latency.get(name) else {
                continue;
            };
            for (percentile, micros) in [("p50", latency.p50_us), ("p99", latency.p99_us)] {
                let key = format!("latency.{name}.{percentile}_us");
                let micros = micros as f64;
                card(&format!("{what} {percentile}"), &key, micros, time(micros));
            }
        }
        let failed = self.uploads.measured_failed;
        card(
            "failed",
            "uploads.measured_failed",
            failed as f64,
            failed.to_string(),
        );
        body.push_str("</ul>\n");
    }

    fn cautions(&self, body: &mut String) {
        if self.warnings.is_empty() {
            return;
        }
        body.push_str("<div class=notes><p>Before you believe these numbers:</p><ul>\n");
        for warning in &self.warnings {
            let _ = writeln!(body, "<li>{}</li>", escaped(&warning.text));
        }
        body.push_str("</ul></div>\n");
    }
}

/// A page of this body, with its numbers for programs.
pub(crate) fn page(title: &str, body: &str, json: &str) -> String {
    // Within a script element only its own end means anything.
    let data = json.replace("</", "<\\/");
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <link rel=icon href=data:,>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         <script type=application/json id=report>\n{data}</script>\n</body>\n</html>\n"
    )
}

/// One number, and where in the JSON it stands.
pub(crate) fn figure(element: &str, key: &str, value: f64, text: &str) -> String {
    let (key, text) = (escaped(key), escaped(text));
    format!("<{element} data-key=\"{key}\" data-value=\"{value}\">{text}</{element}>")
}

/// What means nothing in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}
