//! The files of failed rows and of the report: neither is an input or the other.

use std::fs;
use std::path::Path;

use crate::command_error::CommandError;
use crate::rows::source::RowArgs;

pub(super) fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> CommandError {
    move |error| CommandError::usage(format!("cannot write {}: {error}", path.display()))
}

/// The files of failed rows and of the report; neither is an input or the other.
pub(crate) fn written_to<'a>(
    args: &RowArgs<'a>,
) -> std::result::Result<(Option<&'a Path>, Option<&'a Path>), CommandError> {
    let (failed, report) = (args.reports.failed.as_deref(), args.reports.report.as_deref());
    for path in [failed, report].into_iter().flatten() {
        args.source.refuse_as_input(path)?;
    }
    if let (Some(failed), Some(report)) = (failed, report)
        && is_same(failed, report)
    {
        return Err(CommandError::usage(format!(
            "{} cannot be both the file of failed records and the report",
            report.display()
        )));
    }
    Ok((failed, report))
}

/// Whether both paths lead to one file, which may not be there yet.
fn is_same(one: &Path, other: &Path) -> bool {
    let same = |(one, other): (fs::Metadata, fs::Metadata)| pipe::same_file(&one, &other);
    one == other || fs::metadata(one).ok().zip(fs::metadata(other).ok()).is_some_and(same)
}
