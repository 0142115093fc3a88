//! The file that is filled before it takes its place: without a name where the system can do that, so that nothing is left
//! of it however the program ends; else beside its target under a name that is told from others, and swept when it is stale.

use super::Existing;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tempfile::{Builder, NamedTempFile, TempPath};

const PREFIX: &str = ".tenfold-";
const SUFFIX: &str = ".partial";

/// A temporary file that has not changed for so long belongs to a program that is gone.
const STALE: Duration = Duration::from_hours(6);

pub(super) struct Temporary {
    file: File,
    /// None of a nameless file.
    path: Option<TempPath>,
}

impl Temporary {
    /// A new file in the folder; for its owner alone if it is `private`, else as open as any new file (the umask applies).
    pub(super) fn new_in(folder: &Path, private: bool) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless::create(folder, private) {
            return Ok(Self { file, path: None });
        }
        let mut builder = builder();
        #[cfg(unix)]
        if !private {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let (file, path) = builder.tempfile_in(folder)?.into_parts();
        Ok(Self { file, path: Some(path) })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Takes its place at `target`, in the folder that it was made in.
    pub(super) fn persist(self, target: &Path, existing: Existing) -> io::Result<()> {
        let Self { file, path } = self;
        match (path, existing) {
            (Some(path), Existing::Keep) => path.persist_noclobber(target).map_err(|error| error.error),
            (Some(path), Existing::Replace) => path.persist(target).map_err(|error| error.error),
            #[cfg(target_os = "linux")]
            (None, Existing::Keep) => nameless::link(&file, target),
            #[cfg(target_os = "linux")]
            (None, Existing::Replace) => match nameless::link(&file, target) {
                // A link replaces nothing: it needs a name for a moment, and is then renamed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
                    let linked: NamedTempFile<()> =
                        builder().make_in(folder.unwrap_or(Path::new(".")), |path| nameless::link(&file, path))?;
                    linked.persist(target).map_err(|error| error.error)
                }
                linked => linked,
            },
            #[cfg(not(target_os = "linux"))]
            (None, _) => unreachable!("only Linux has nameless files, and {file:?} is one"),
        }
    }
}

fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

#[cfg(target_os = "linux")]
mod nameless {
    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    /// A file without a name, unless the file system has none, or the system no way to name it later.
    pub(super) fn create(folder: &Path, private: bool) -> Option<File> {
        let mode = if private { Mode::from_raw_mode(0o600) } else { Mode::from_raw_mode(0o666) };
        let file: File = open(folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode).ok()?.into();
        path(&file).symlink_metadata().is_ok().then_some(file)
    }

    /// Gives it a name that nothing has yet.
    pub(super) fn link(file: &File, target: &Path) -> io::Result<()> {
        Ok(linkat(CWD, path(file), CWD, target, AtFlags::SYMLINK_FOLLOW)?)
    }

    fn path(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

/// Removes what killed programs have left in a folder. What can't be removed stays: it is in nobody's way.
pub fn sweep_stale(folder: &Path) {
    sweep(folder, STALE);
}

pub(super) fn sweep(folder: &Path, age: Duration) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        let is_stale = |found: Metadata| {
            found.is_file() && SystemTime::now().duration_since(changed(&found)).is_ok_and(|since| since >= age)
        };
        if is_ours && entry.metadata().is_ok_and(is_stale) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// When a file was last touched in any way: its content's time may be that of the file that it is made from.
fn changed(found: &Metadata) -> SystemTime {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        SystemTime::UNIX_EPOCH + Duration::from_secs(found.ctime().max(0) as u64)
    }
    #[cfg(not(unix))]
    found.modified().unwrap_or(SystemTime::now())
}
