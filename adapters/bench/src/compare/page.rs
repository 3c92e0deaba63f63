//! A comparison as a page of HTML, like that of a report, with one picture of both sides.

use std::fmt::Write;

use super::Comparison;
use crate::html::{Colour, escaped, figure, page, percentile_chart, pictured};

impl Comparison {
    /// The page. Its figures carry their path in the JSON as those of a report do.
    pub fn to_html(&self) -> String {
        let mut body = String::from("<h1>quintet bench: A against B</h1>\n");
        let [a, b] = self.runs;
        let (a_name, b_name) = (escaped(&self.a), escaped(&self.b));
        let _ = writeln!(
            body,
            "<p class=quiet>A: {a_name}, {a} runs. B: {b_name}, {b} runs.</p>"
        );
        if !self.notes.is_empty() {
            body.push_str("<div class=notes><p>Before you believe these numbers:</p><ul>\n");
            for note in &self.notes {
                let _ = writeln!(body, "<li>{}</li>", escaped(note));
            }
            body.push_str("</ul></div>\n");
        }
        self.curve(&mut body);
        self.table(&mut body);
        page("quintet bench: A against B", &body, &self.to_json())
    }

    fn curve(&self, body: &mut String) {
        let [Some(a), Some(b)] = &self.curves else {
            return;
        };
        let lines = [(Colour::First, false, &**a), (Colour::Second, true, &**b)];
        let svg = percentile_chart("Percentiles of response time of A and B", &lines);
        let key = [(Colour::First, false, "A"), (Colour::Second, true, "B")];
        let caption = "Response times of all runs of each side together.";
        pictured(body, "Percentiles of response time", &key, &svg, caption);
    }

    fn table(&self, body: &mut String) {
        body.push_str("<h2>Measure by measure</h2>\n<div class=wide tabindex=0 role=region aria-label=\"Measure by measure\"><table>\n");
        body.push_str(
            "<thead><tr><th scope=col></th><th scope=col>A, median</th><th scope=col>between</th>",
        );
        body.push_str("<th scope=col>B, median</th><th scope=col>between</th><th scope=col>verdict</th></tr></thead>\n");
        for (place, measure) in self.measures.iter().enumerate() {
            let _ = write!(body, "<tr><th scope=row>{}</th>", escaped(&measure.name));
            for (side, interval) in [("a", &measure.a), ("b", &measure.b)] {
                let key = format!("measures.{place}.{side}.median");
                let text = measure.value(interval.median);
                body.push_str(&figure("td", &key, interval.median, &text));
                let (low, high) = (measure.value(interval.low), measure.value(interval.high));
                let percent = interval.confidence * 100.0;
                let _ = write!(body, "<td>{low} – {high} ({percent:.0} %)</td>");
            }
            let _ = writeln!(body, "<td>{}</td></tr>", escaped(&measure.verdict));
        }
        body.push_str("</table></div>\n<p class=quiet>Intervals of medians by order statistics, p by Mann and Whitney's test, two-sided.</p>\n");
    }
}
