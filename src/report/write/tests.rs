use super::*;

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_written_file_holds_the_bytes_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("submission.json");
    write_atomically(&path, b"first").unwrap();
    write_atomically(&path, b"second").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names_in(folder.path()), ["submission.json"]);
}

#[test]
fn missing_parents_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/c.csv");
    write_atomically(&path, b"").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn a_failure_names_the_path_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("taken");
    fs::create_dir(&target).unwrap();
    let error = write_atomically(&target, b"bytes").unwrap_err();
    assert!(matches!(error, WriteError::IsAFolder { .. }));
    assert!(error.to_string().contains("taken"));
    assert_eq!(names_in(folder.path()), ["taken"]);
}

#[test]
fn a_file_in_the_place_of_a_parent_is_reported_as_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"kept").unwrap();
    let error = write_atomically(&folder.path().join("file/inner.json"), b"bytes").unwrap_err();
    assert!(matches!(error, WriteError::Folder { .. }));
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"kept");
}

#[test]
fn a_path_without_a_file_name_is_refused() {
    assert!(matches!(write_atomically(Path::new("/"), b""), Err(WriteError::NoFileName { .. })));
}

#[cfg(unix)]
#[test]
fn the_file_gets_the_permissions_of_an_ordinary_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ordinary"), b"").unwrap();
    write_atomically(&folder.path().join("ours"), b"").unwrap();
    let mode = |name| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("ours"), mode("ordinary"));
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use crate::report::write::temporary::sweep;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::time::{Duration, SystemTime};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// A file of this mode, as an origin.
    fn origin(folder: &Path, mode: u32) -> fs::Metadata {
        let path = folder.join("origin");
        fs::write(&path, b"origin").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let file = File::options().write(true).open(&path).or_else(|_| File::open(&path)).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
        fs::metadata(path).unwrap()
    }

    #[test]
    fn mode_and_times_go_from_the_origin_and_nobody_may_read_before() {
        let folder = tempfile::tempdir().unwrap();
        for wanted in [0o600, 0o640, 0o400, 0o755, 0o666] {
            let origin = origin(folder.path(), wanted);
            let path = folder.path().join(format!("new-{wanted:o}"));
            fill_atomically(&path, Existing::Keep, Some(&origin), |file| {
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "while it is written");
                file.write_all(b"bytes").map_err(|source| WriteError::write(&path, source))
            })
            .unwrap();
            assert_eq!(mode(&path), wanted);
            assert_eq!(path.metadata().unwrap().modified().unwrap(), origin.modified().unwrap());
            fs::remove_file(folder.path().join("origin")).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_replaced_leaves_its_mode_as_far_as_the_origin_allows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        for (old, new, both) in
            [(0o600, None, 0o600), (0o664, None, 0o664), (0o644, Some(0o600), 0o600), (0o600, Some(0o644), 0o600)]
        {
            fs::write(&path, b"old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(old)).unwrap();
            let origin = new.map(|mode| origin(folder.path(), mode));
            fill_atomically(&path, Existing::Replace, origin.as_ref(), |_| Ok::<_, WriteError>(())).unwrap();
            assert_eq!(mode(&path), both, "{old:o} and {new:?}");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn the_end_of_links_is_written_and_the_links_stay() {
        let folder = tempfile::tempdir().unwrap();
        let [link, far, real] = ["link", "far/link", "far/real"].map(|name| folder.path().join(name));
        fs::create_dir(folder.path().join("far")).unwrap();
        symlink("far/link", &link).unwrap();
        symlink("real", &far).unwrap();
        assert!(matches!(
            fill_atomically(&link, Existing::Keep, None, |_| Ok::<_, WriteError>(())),
            Err(WriteError::Exists { .. })
        ));
        for bytes in [b"first", b"then "] {
            write_atomically(&link, bytes).unwrap();
            assert_eq!(fs::read(&real).unwrap(), bytes);
        }
        assert!(link.is_symlink() && far.is_symlink());
        assert_eq!(names_in(&folder.path().join("far")), ["link", "real"]);
    }

    #[test]
    fn a_device_and_a_fifo_are_written_to_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for existing in [Existing::Keep, Existing::Replace] {
            check_free(&fifo, existing).unwrap();
            let reader = std::thread::spawn({
                let fifo = fifo.clone();
                move || fs::read(fifo).unwrap()
            });
            fill_atomically(&fifo, existing, None, |file| {
                file.write_all(b"through").map_err(|source| WriteError::write(&fifo, source))
            })
            .unwrap();
            assert_eq!(reader.join().unwrap(), b"through");
            assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
            fill_atomically(Path::new("/dev/null"), existing, None, |_| Ok::<_, WriteError>(())).unwrap();
        }
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let full = Path::new("/dev/full");
        if full.exists() {
            assert!(write_atomically(full, b"bytes").unwrap_err().to_string().contains("/dev/full"));
        }
    }

    #[test]
    fn stale_files_of_ours_are_swept_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".tenfold-x.partial", ".tenfold-x", "x.partial", "article"] {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        fs::create_dir(folder.path().join(".tenfold-folder.partial")).unwrap();
        sweep(folder.path(), Duration::from_hours(1));
        assert_eq!(names_in(folder.path()).len(), 5, "what is new may be at work");
        sweep(folder.path(), Duration::ZERO);
        assert_eq!(names_in(folder.path()), [".tenfold-folder.partial", ".tenfold-x", "article", "x.partial"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nothing_has_a_name_before_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("whole");
        fill_atomically(&path, Existing::Keep, None, |file| {
            file.write_all(b"bytes").map_err(|source| WriteError::write(&path, source))?;
            // Some file systems have no nameless files; there the name is ours.
            assert!(names_in(folder.path()).iter().all(|name| name.starts_with(".tenfold-")));
            Ok::<_, WriteError>(())
        })
        .unwrap();
        assert_eq!(names_in(folder.path()), ["whole"]);
    }
}
