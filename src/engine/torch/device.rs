//! Which device to run on, and how the process is set up for it.

use crate::engine::{Device, EngineError};
use std::path::Path;
use std::sync::Once;

/// libtorch's CUDA half: nothing refers to it by name, so the linker drops it and it is loaded when wanted.
const CUDA_LIBRARY: &str = "libtorch_cuda.so";

/// The libtorch device that `device` stands for here.
///
/// # Errors
/// [`EngineError::NoCuda`] where CUDA is asked for and can't be had.
pub fn resolve(device: Device) -> Result<tch::Device, EngineError> {
    match device {
        Device::Cpu => Ok(tch::Device::Cpu),
        Device::Cuda => cuda().map_err(|why| EngineError::NoCuda { why }),
        Device::Auto => Ok(cuda().unwrap_or(tch::Device::Cpu)),
    }
}

/// Whether there is a CUDA device that libtorch can use.
pub fn has_cuda() -> bool {
    cuda().is_ok()
}

fn cuda() -> Result<tch::Device, String> {
    load_cuda_library()?;
    if tch::Cuda::is_available() {
        Ok(tch::Device::Cuda(0))
    } else {
        Err("libtorch finds no CUDA device on this machine".into())
    }
}

/// A device, its driver where it has one, and libtorch's version, for records.
pub fn described(device: tch::Device) -> String {
    let name = if device.is_cuda() { cuda_name() } else { "cpu".into() };
    format!("{name}, libtorch {}", option_env!("TENFOLD_LIBTORCH").unwrap_or("unknown"))
}

/// The first graphics card and its driver, as the driver says them.
fn cuda_name() -> String {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let cards = std::fs::read_dir("/proc/driver/nvidia/gpus").into_iter().flatten().flatten();
    let model = cards.map(|card| read(&card.path().join("information"))).min().and_then(|information| {
        let model = information.lines().find_map(|line| line.strip_prefix("Model:"))?.trim().to_owned();
        Some(format!(" {model}"))
    });
    let driver = read(Path::new("/proc/driver/nvidia/version"));
    let is_version = |word: &&str| word.contains('.') && word.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
    let driver = driver.split_whitespace().find(is_version).map(|version| format!(", driver {version}"));
    format!("cuda{}{}", model.unwrap_or_default(), driver.unwrap_or_default())
}

/// Loads libtorch's CUDA half into the process, with its symbols visible to the rest of libtorch.
#[allow(unsafe_code)]
fn load_cuda_library() -> Result<(), String> {
    use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: loading runs the library's initialisers, which register its kernels; it is the libtorch that this binary
    // was linked against, found by the same rpath, and it stays loaded for the life of the process.
    let library = unsafe { Library::open(Some(CUDA_LIBRARY), RTLD_NOW | RTLD_GLOBAL) };
    match library {
        Ok(library) => {
            std::mem::forget(library);
            Ok(())
        }
        Err(error) => Err(format!(
            "this libtorch can't load {CUDA_LIBRARY} ({}); `make libtorch CUDA=1` installs the whole CUDA set",
            error.to_string().trim()
        )),
    }
}

/// Sets the number of threads, and keeps freed memory for the next step.
pub fn prepare(threads: Option<usize>) {
    static ALLOCATOR: Once = Once::new();
    ALLOCATOR.call_once(keep_freed_memory);
    if let Some(threads) = threads {
        tch::set_num_threads(threads as i32);
    }
}

/// A step frees what the next step allocates again; by default glibc gives large blocks back to the system each time,
/// and their pages are cleared anew.
#[allow(unsafe_code)]
fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt only sets parameters of the allocator.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
    }
}
