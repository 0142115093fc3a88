//! Makes a binary that carries the torch engine find libtorch by rpath, so that it runs without LD_LIBRARY_PATH, and know its
//! version.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if std::env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    match std::env::var("LIBTORCH") {
        Ok(libtorch) => {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}/lib");
            // PyTorch's package has the first of these, a libtorch by itself the second.
            let files = ["version.py", "build-version"].map(|file| format!("{libtorch}/{file}"));
            let text = files.iter().find_map(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
            let version = text.lines().find_map(|line| line.strip_prefix("__version__ = ")).unwrap_or(text.trim());
            if !version.is_empty() {
                println!("cargo:rustc-env=TENFOLD_LIBTORCH={}", version.trim_matches('\''));
            }
        }
        Err(_) => println!(
            "cargo:warning=the feature `torch` needs LIBTORCH: run `make libtorch`, or set it to a PyTorch 2.11.0"
        ),
    }
}
