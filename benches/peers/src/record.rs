//! The dated record of a bench: what was run on what, the tables, every single run, the pictures.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::plot;
use crate::run::Run;
use crate::summary::Row;
use crate::workload::Case;

/// One table: its case, its rows, and itself as Markdown.
pub(crate) struct Chapter {
    pub(crate) case: Case,
    pub(crate) rows: Vec<Row>,
    pub(crate) table: String,
}

/// Today, in UTC: `YYYY-MM-DD`.
pub(crate) fn today() -> String {
    let date = time::OffsetDateTime::now_utc().date();
    let (year, month, day) = date.to_calendar_date();
    format!("{year:04}-{:02}-{day:02}", u8::from(month))
}

/// Where a full bench of this day is kept.
pub(crate) fn default_dir() -> PathBuf {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("record");
    benches.join(format!("{}-peers", today()))
}

/// Writes `README.md`, `runs.csv` and a picture for each case into `dir`.
pub(crate) fn write(dir: &Path, facts: &str, chapters: &[Chapter], runs: &[Run]) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    let mut readme = format!("# Side by side, {}\n\n{facts}", today());
    for chapter in chapters {
        let case = chapter.case;
        let picture = format!("{:?}-{}.svg", case.workload, case.transport()).to_lowercase();
        plot::plot(&dir.join(&picture), case, &chapter.rows)?;
        write!(readme, "\n{}\n![ratios]({picture})\n", chapter.table)?;
    }
    std::fs::write(dir.join("README.md"), readme)?;
    let lines = runs.iter().map(Run::csv);
    let lines: Vec<String> = std::iter::once(Run::CSV_HEAD.to_owned())
        .chain(lines)
        .collect();
    std::fs::write(dir.join("runs.csv"), lines.join("\n") + "\n")?;
    Ok(())
}
