//! Who may do what with a new file, and its times: as with the files that it comes from.

use std::fs::{File, FileTimes, Metadata};
use std::io;

/// Gives the file the owner and group of the first of `sources`, as far as we may, and of the mode what all allow: an
/// output is never more open than its input, or than the file that it replaces.
#[cfg(unix)]
pub(super) fn take_over(file: &File, sources: &[&Metadata]) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let Some(first) = sources.first() else { return Ok(()) };
    // Only the superuser may give a file away, and only to a group of one's own: what is refused is not needed.
    let _ = fchown(file, None, Some(first.gid()));
    let _ = fchown(file, Some(first.uid()), None);
    let group = file.metadata()?.gid();
    let allowed = |source: &&Metadata| {
        let mode = source.mode() & 0o777;
        // Another group may do what all may.
        if source.gid() == group { mode } else { (mode & !0o070) | (mode & 0o070 & ((mode & 0o007) << 3)) }
    };
    file.set_permissions(Permissions::from_mode(sources.iter().map(allowed).fold(0o777, |all, mode| all & mode)))
}

#[cfg(not(unix))]
pub(super) fn take_over(_file: &File, _sources: &[&Metadata]) -> io::Result<()> {
    Ok(())
}

/// Gives the file the times of `origin`, as far as its file system has them.
pub(super) fn take_times(file: &File, origin: &Metadata) -> io::Result<()> {
    let mut times = FileTimes::new();
    if let Ok(modified) = origin.modified() {
        times = times.set_modified(modified);
    }
    if let Ok(accessed) = origin.accessed() {
        times = times.set_accessed(accessed);
    }
    file.set_times(times)
}
